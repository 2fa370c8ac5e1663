BEGIN;
--
-- Alter field pages on book, remove summary: Django remakes the table
--
CREATE TABLE "new__app_book" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "title" varchar(200) NOT NULL, "pages" integer unsigned NOT NULL CHECK ("pages" >= 0));
INSERT INTO "new__app_book" ("id", "title", "pages") SELECT "id", "title", coalesce("pages", 0) FROM "app_book";
-- expect: drop-column app_book.summary
-- expect: set-not-null app_book.pages
DROP TABLE "app_book";
ALTER TABLE "new__app_book" RENAME TO "app_book";
CREATE INDEX "app_book_title" ON "app_book" ("title");
COMMIT;
