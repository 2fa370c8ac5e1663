-- the older way: out of the way first
alter table `jobs` rename to `old_jobs`;
create table `jobs` (`id` integer not null primary key autoincrement, `queue` varchar(255), `tries` integer not null default '0');
insert into `jobs` (`id`, `queue`, `tries`) select `id`, `queue`, `tries` from `old_jobs`;
drop table `old_jobs`;
-- expect: delete-all jobs
delete from jobs;
