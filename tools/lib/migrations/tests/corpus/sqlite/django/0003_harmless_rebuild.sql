BEGIN;
-- Add field isbn, with a default that only Django knows, and a wider title: nothing that SQLite minds
CREATE TABLE "new__app_book" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "title" varchar(500) NOT NULL, "pages" integer unsigned NOT NULL, "isbn" varchar(20) NULL);
INSERT INTO "new__app_book" ("id", "title", "pages", "isbn") SELECT "id", "title", "pages", NULL FROM "app_book";
DROP TABLE "app_book";
ALTER TABLE "new__app_book" RENAME TO "app_book";
COMMIT;
