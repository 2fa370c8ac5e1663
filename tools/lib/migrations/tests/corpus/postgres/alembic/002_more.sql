BEGIN;

-- Running upgrade ae1027a6acf -> 27c6a30d7c24

ALTER TABLE users ADD COLUMN age INTEGER;

-- filled and then closed: the live release does not know it and cannot give it
UPDATE users SET age = 0;

-- expect: add-required-column users.age
ALTER TABLE users ALTER COLUMN age SET NOT NULL;

ALTER TABLE users ADD COLUMN score INTEGER DEFAULT 0;

UPDATE users SET score = 1;

ALTER TABLE users ALTER COLUMN score SET NOT NULL;

-- expect: drop-column users.legacy_name
ALTER TABLE users DROP COLUMN legacy_name;

-- expect: update-all users
UPDATE users SET email = lower(email);

-- expect: delete-all users
DELETE FROM users;

-- expect: rename-type mood 'sad'
ALTER TYPE mood RENAME VALUE 'sad' TO 'glum';

ALTER TYPE mood ADD VALUE 'happy' AFTER 'ok';

-- expect: drop-type mood
DROP TYPE IF EXISTS mood;

UPDATE alembic_version SET version_num='27c6a30d7c24' WHERE alembic_version.version_num = 'ae1027a6acf';

COMMIT;
