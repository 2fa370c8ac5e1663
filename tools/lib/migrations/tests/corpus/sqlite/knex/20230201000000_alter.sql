PRAGMA foreign_keys = OFF;
CREATE TABLE `_knex_temp_alter811` (`id` integer not null primary key autoincrement, `queue` varchar(255));
INSERT INTO "_knex_temp_alter811" SELECT "id", "queue" FROM "jobs";
-- expect: drop-column jobs.payload
DROP TABLE "jobs";
ALTER TABLE "_knex_temp_alter811" RENAME TO "jobs";
alter table `jobs` add column `tries` integer not null default '0';
