CREATE TABLE "new__app_book" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "name" varchar(500) NOT NULL, "pages" text NOT NULL, "isbn" varchar(20) NULL, "shelf" varchar(9) NOT NULL);
INSERT INTO "new__app_book" ("id", "name", "pages", "isbn", "shelf") SELECT "id", "title" AS "name", "pages", "isbn", 'A' FROM "app_book";
-- expect: rename-column app_book.title to name
-- expect: change-type app_book.pages
-- expect: add-required-column app_book.shelf
DROP TABLE "app_book";
ALTER TABLE "new__app_book" RENAME TO "app_book";
-- the table is the old one again: what follows is judged
-- expect: drop-column app_book.shelf
ALTER TABLE "app_book" DROP COLUMN "shelf";
