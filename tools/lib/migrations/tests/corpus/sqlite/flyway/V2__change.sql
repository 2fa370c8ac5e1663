-- expect: drop-column t1.b
alter table t1 drop column b;
-- expect: rename-table t1 to t2
alter table main.t1 rename to t2;
-- expect: drop-column odd name.x
alter table [odd name] drop `x`;
-- expect: drop-table odd name
drop table if exists "odd name";
