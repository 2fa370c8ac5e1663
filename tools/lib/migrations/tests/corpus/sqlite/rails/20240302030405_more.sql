ALTER TABLE "users" ADD "admin" boolean DEFAULT FALSE NOT NULL;
ALTER TABLE "users" ADD "bio" text;
UPDATE "users" SET "bio" = 'none yet';
-- expect: rename-column users.name to full_name
ALTER TABLE "users" RENAME COLUMN "name" TO "full_name";
-- expect: rename-table sessions to logins
ALTER TABLE "sessions" RENAME TO "logins";
-- expect: delete-all logins
DELETE FROM "logins";
DROP INDEX "index_users_on_email";
