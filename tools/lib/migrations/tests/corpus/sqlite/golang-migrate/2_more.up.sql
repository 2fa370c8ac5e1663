CREATE TRIGGER kv_log AFTER DELETE ON kv FOR EACH ROW WHEN old.k <> ''
BEGIN
  -- what a trigger does later is not judged
  DELETE FROM docs;
  UPDATE kv SET v = CASE WHEN v IS NULL THEN 1 ELSE 2 END;
END;
CREATE TEMP TRIGGER short AFTER INSERT ON kv BEGIN SELECT CASE WHEN 1 THEN 2 END; END;
DROP TRIGGER kv_log;
-- expect: drop-table docs
DROP TABLE docs;
WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 3) INSERT INTO kv SELECT n, n FROM c;
INSERT INTO kv VALUES ('a', x'00') ON CONFLICT (k) DO UPDATE SET v = excluded.v WHERE v IS NOT excluded.v RETURNING k;
CREATE TABLE gen (a INT, b INT GENERATED ALWAYS AS (a * 2) STORED, c AS (json_extract('{"a":1}', '$.a')));
ALTER TABLE gen RENAME TO generated;
DROP TABLE generated;
-- expect: writable-schema PRAGMA writable_schema
PRAGMA writable_schema = ON;
PRAGMA writable_schema = OFF;
EXPLAIN DELETE FROM kv;
CREATE INDEX kv_part ON kv (v COLLATE NOCASE DESC) WHERE v IS NOT NULL;
REINDEX kv; ANALYZE; 
SELECT k, row_number() OVER (PARTITION BY v ORDER BY k ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM kv;
SELECT '{"a":1}' ->> '$.a', 1 IS NOT DISTINCT FROM 1;
