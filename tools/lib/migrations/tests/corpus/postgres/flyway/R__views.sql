create or replace view everybody as select 1 as one;
