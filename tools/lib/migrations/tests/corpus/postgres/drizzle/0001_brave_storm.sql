ALTER TABLE "items" ADD COLUMN "price" numeric(10, 2) DEFAULT '0' NOT NULL;--> statement-breakpoint
-- expect: rename-column items.title to name
ALTER TABLE "items" RENAME COLUMN "title" TO "name";--> statement-breakpoint
-- expect: change-type items.kind
ALTER TABLE "items" ALTER COLUMN "kind" SET DATA TYPE text;--> statement-breakpoint
-- expect: set-not-null items.kind
ALTER TABLE "items" ALTER COLUMN "kind" SET NOT NULL;--> statement-breakpoint
-- expect: drop-table owners
DROP TABLE "owners" CASCADE
--> statement-breakpoint
-- expect: drop-type kind
DROP TYPE "public"."kind";
