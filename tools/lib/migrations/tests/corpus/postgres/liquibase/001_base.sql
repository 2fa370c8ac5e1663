--liquibase formatted sql

--changeset anna:1
create table person (
    id int primary key,
    name varchar(50) not null,
    address1 varchar(50),
    city varchar(30)
);
--rollback drop table person;

--changeset anna:2 splitStatements:false
create or replace function f() returns int as 'select 1;' language sql;
/* liquibase rollback
drop function f();
*/
