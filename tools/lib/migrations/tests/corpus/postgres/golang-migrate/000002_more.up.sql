-- expect: drop-column accounts.old_hash
ALTER TABLE IF EXISTS accounts DROP COLUMN IF EXISTS old_hash;
-- expect: rename-sequence order_numbers to numbers
ALTER SEQUENCE order_numbers RENAME TO numbers;
-- expect: set-not-null email
ALTER DOMAIN email SET NOT NULL;
-- expect: drop-type email
DROP DOMAIN email;
-- expect: drop-sequence numbers
DROP SEQUENCE IF EXISTS numbers;
CREATE TEMP TABLE scratch (n int);
INSERT INTO scratch SELECT 1;
UPDATE scratch SET n = 2;
TRUNCATE scratch;
DELETE FROM scratch;
DROP TABLE scratch;
