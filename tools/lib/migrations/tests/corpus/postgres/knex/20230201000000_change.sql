alter table "jobs" add column "tries" integer not null default '0', add column "last_error" text;
-- expect: drop-column jobs.payload
alter table "jobs" drop column "payload";
-- expect: drop-default jobs.state
alter table "jobs" alter column "state" drop default;
alter table "jobs" alter column "run_at" drop not null;
-- expect: change-type jobs.queue
alter table "jobs" alter column "queue" type text using ("queue"::text);
alter table "jobs" drop constraint "jobs_state_check";
-- expect: truncate jobs
truncate "jobs" restart identity;
