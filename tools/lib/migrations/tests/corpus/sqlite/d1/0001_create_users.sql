-- Migration number: 0001 	 2024-01-15T00:00:00.000Z
CREATE TABLE users (id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE, plan TEXT DEFAULT 'free', created_at INTEGER NOT NULL DEFAULT (unixepoch()));
CREATE TABLE events (id INTEGER PRIMARY KEY, user_id TEXT REFERENCES users(id) ON DELETE CASCADE, data TEXT CHECK (json_valid(data)));
CREATE INDEX idx_events_user ON events(user_id);
