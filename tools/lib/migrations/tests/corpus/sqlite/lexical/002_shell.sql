.headers on
BEGIN;
-- expect: drop-column a.x
ALTER TABLE a DROP COLUMN x; SELECT 1;;
-- expect: drop-table b
DROP TABLE b; END;
/* the last comment may stay open