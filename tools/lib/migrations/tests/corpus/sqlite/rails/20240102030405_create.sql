CREATE TABLE IF NOT EXISTS "users" ("id" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "name" varchar, "email" varchar NOT NULL, "age" integer DEFAULT 18, "created_at" datetime(6) NOT NULL);
CREATE TABLE "sessions" ("id" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "data" text);
CREATE UNIQUE INDEX "index_users_on_email" ON "users" ("email");
INSERT INTO "users" ("name", "email", "created_at") VALUES ('a', 'a@x', '2024-01-01');
