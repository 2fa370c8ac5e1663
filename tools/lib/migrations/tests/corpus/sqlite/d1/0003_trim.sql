-- Migration number: 0003 	 2024-03-15T00:00:00.000Z
-- expect: drop-column users.plan
ALTER TABLE users DROP COLUMN plan;
-- expect: update-all users
UPDATE OR REPLACE users SET quota = 0;
-- expect: delete-all events
DELETE FROM events RETURNING id;
-- expect: drop-table events
DROP TABLE events;
