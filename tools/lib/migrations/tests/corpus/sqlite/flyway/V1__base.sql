create table t1 (a integer primary key, b text, c text) strict;
create table [odd name] (`x` int, "y" int, 'z' int);
