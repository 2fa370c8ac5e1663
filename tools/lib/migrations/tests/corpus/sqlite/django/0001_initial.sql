BEGIN;
--
-- Create model Book
--
CREATE TABLE "app_book" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "title" varchar(200) NOT NULL, "pages" integer unsigned NULL CHECK ("pages" >= 0), "summary" text NOT NULL);
CREATE INDEX "app_book_title" ON "app_book" ("title");
COMMIT;
