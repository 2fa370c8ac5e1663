-- Migration number: 0002 	 2024-02-15T00:00:00.000Z
ALTER TABLE users ADD COLUMN name TEXT;
ALTER TABLE users ADD COLUMN quota INTEGER NOT NULL DEFAULT 100;
INSERT OR IGNORE INTO users (id, email) VALUES ('1', 'a@example.org');
UPDATE users SET quota = 200 WHERE plan = 'pro';
DELETE FROM events WHERE user_id NOT IN (SELECT id FROM users);
