CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY);
-- expect: delete-all users
DELETE FROM users;
CREATE VIEW IF NOT EXISTS active AS SELECT 1;
-- expect: drop-view active
DROP VIEW active;
CREATE TABLE users_new (id INTEGER PRIMARY KEY);
INSERT INTO users_new SELECT id FROM users;
-- expect: drop-column users.email
DROP TABLE users;
ALTER TABLE users_new RENAME TO users;
