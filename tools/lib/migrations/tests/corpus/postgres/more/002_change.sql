-- expect: detach-partition parts_2020 of parts
ALTER TABLE parts DETACH PARTITION parts_2020;
-- expect: drop-type pair.two
ALTER TYPE pair DROP ATTRIBUTE two;
-- expect: rename-type pair.one
ALTER TYPE pair RENAME ATTRIBUTE one TO first;
-- expect: rename-function area to region
ALTER FUNCTION area(int) RENAME TO region;
-- expect: drop-function region
-- expect: drop-function summed
DROP FUNCTION region(int); DROP AGGREGATE summed(int);
-- expect: drop-function clean
DROP PROCEDURE clean;
-- expect: drop-column ft.x
ALTER FOREIGN TABLE ft DROP COLUMN x;
-- expect: drop-table ft
DROP FOREIGN TABLE ft;
-- expect: rename-column v.a to aa
ALTER VIEW v RENAME COLUMN a TO aa;
-- expect: drop-default m.b
ALTER TABLE m ALTER COLUMN b DROP EXPRESSION;
-- expect: drop-default m.c
ALTER TABLE m ALTER COLUMN c DROP IDENTITY;
-- expect: drop-extension plpgsql
DROP EXTENSION plpgsql;
-- several at once
-- expect: drop-table parts
-- expect: drop-table parts_2020
DROP TABLE parts, parts_2020;
ALTER TABLE m ADD d int NOT NULL GENERATED ALWAYS AS IDENTITY, ADD e bigserial NOT NULL,
    ADD f timestamptz NOT NULL DEFAULT now(),
    -- expect: add-required-column m.g
    ADD g int NOT NULL DEFAULT NULL;
ALTER TABLE m ADD h int; ALTER TABLE m DROP h;
ALTER TABLE m ADD i int, ADD j int; UPDATE m SET i = 1, j = 2;
-- expect: update-all m
UPDATE m SET i = 1, a = 2;
SELECT id INTO TEMP t FROM m; DROP TABLE t;
CREATE TABLE copied AS SELECT * FROM m; DROP TABLE copied;
MERGE INTO m USING (SELECT 1 AS id) AS s ON m.id = s.id WHEN MATCHED THEN UPDATE SET a = 1;
LOCK TABLE m IN SHARE MODE;
CREATE INDEX ON m (a); REINDEX TABLE m; ANALYZE m;
ALTER TABLE m SET (fillfactor = 70), OWNER TO CURRENT_USER, REPLICA IDENTITY FULL;
CREATE TRIGGER tr BEFORE UPDATE ON m FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
DROP TRIGGER tr ON m;
ALTER TABLE m ADD CONSTRAINT positive CHECK (a > 0) NOT VALID;
ALTER TABLE m DROP CONSTRAINT positive;
-- expect: rename-schema postgres to other
ALTER DATABASE postgres RENAME TO other;
-- expect: drop-schema other
DROP DATABASE IF EXISTS other;
-- expect: drop-schema what is owned by nobody
DROP OWNED BY nobody;
