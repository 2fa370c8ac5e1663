PRAGMA foreign_keys=OFF;--> statement-breakpoint
CREATE TABLE `__new_items` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`title` text,
	`price` real
);
--> statement-breakpoint
INSERT INTO `__new_items`("id", "title", "price") SELECT "id", "title", "price" FROM `items`;--> statement-breakpoint
-- expect: change-type items.price
DROP TABLE `items`;--> statement-breakpoint
ALTER TABLE `__new_items` RENAME TO `items`;--> statement-breakpoint
PRAGMA foreign_keys=ON;--> statement-breakpoint
ALTER TABLE `items` ADD `stock` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
-- expect: drop-table tags
DROP TABLE `tags`;
