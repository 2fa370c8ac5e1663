CREATE TABLE `items` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`title` text NOT NULL,
	`price` integer
);
--> statement-breakpoint
CREATE TABLE `tags` (
	`word` text PRIMARY KEY NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `items_title_unique` ON `items` (`title`);
