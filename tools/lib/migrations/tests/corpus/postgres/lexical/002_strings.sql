INSERT INTO notes (body) VALUES ('a; DROP TABLE notes; --'), ('it''s'), (E'it\'s; DROP TABLE notes'), ($$ ; DROP TABLE notes; $$), ($x$ $$ ; $x$);
/* a comment /* nested; DROP TABLE notes; */ still; */ SELECT 1;
-- expect: drop-column notes.odd;name
ALTER TABLE notes DROP COLUMN "odd;name";
-- expect: drop-column notes.quo"ted
ALTER TABLE notes DROP COLUMN "quo""ted";
SELECT '\';
CREATE FUNCTION add_one(n int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN n > 0 THEN n + 1 END; SELECT n + 1; END;
CREATE RULE keep AS ON DELETE TO notes DO INSTEAD (DELETE FROM rows_of; SELECT 1);
COPY rows_of (id, t) FROM stdin;
1	a; DROP TABLE notes;
2	it's
\.
\echo 'psql''s own commands end with their line; DROP TABLE notes'
SELECT 1 AS one \gset
EXPLAIN DELETE FROM rows_of;
PREPARE later AS DELETE FROM rows_of;
-- expect: delete-all rows_of
EXPLAIN (ANALYZE, COSTS OFF) DELETE FROM rows_of;
INSERT INTO rows_of VALUES (1, 'x') ON CONFLICT DO NOTHING;
SELECT 2;
-- expect: drop-column notes.kept
ALTER TABLE notes DROP kept;
