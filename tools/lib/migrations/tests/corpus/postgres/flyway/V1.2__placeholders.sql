-- engine: refuses some of this
create table before_it (id int);
-- expect-doubt: 
create table ${prefix}_x (id int);
-- the rest of the file is still judged
-- expect: drop-view sales.current
drop view sales.current;
