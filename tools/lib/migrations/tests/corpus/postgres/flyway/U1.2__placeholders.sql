drop table before_it;
