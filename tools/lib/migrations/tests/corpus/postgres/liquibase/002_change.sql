--liquibase formatted sql

--changeset ben:3 labels:next context:all
--preconditions onFail:MARK_RAN
--precondition-sql-check expectedResult:0 SELECT COUNT(*) FROM person
alter table person add column country varchar(2);
--rollback alter table person drop column country;

--changeset ben:4
-- expect: drop-column person.city
alter table person drop column city;
--rollback alter table person add column city varchar(30);

--changeset ben:5
-- slipway: allow drop-column: no release since 2025 reads it
-- expect-allowed: drop-column person.address1
alter table person drop column address1;

--changeset ben:6
-- expect: drop-function f
drop function f();
