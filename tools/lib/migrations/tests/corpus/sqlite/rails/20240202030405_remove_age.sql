-- how ActiveRecord's adapter removes a column where SQLite cannot: over a temporary table and back
BEGIN;
CREATE TEMPORARY TABLE "ausers" ("id" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "name" varchar DEFAULT NULL, "email" varchar NOT NULL, "created_at" datetime(6) NOT NULL);
INSERT INTO "ausers" ("id","name","email","created_at") SELECT "id","name","email","created_at" FROM "users";
-- expect: drop-column users.age
DROP TABLE "users";
CREATE TABLE "users" ("id" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "name" varchar DEFAULT NULL, "email" varchar NOT NULL, "created_at" datetime(6) NOT NULL);
CREATE UNIQUE INDEX "index_users_on_email" ON "users" ("email");
INSERT INTO "users" ("id","name","email","created_at") SELECT "id","name","email","created_at" FROM "ausers";
DROP TABLE "ausers";
COMMIT;
