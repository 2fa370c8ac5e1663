--liquibase formatted sql
--changeset a:1
CREATE TABLE p (id INTEGER PRIMARY KEY, n TEXT, gone TEXT);
--rollback DROP TABLE p;
--changeset a:2
CREATE VIEW pv AS SELECT id, n FROM p;
--rollback DROP VIEW pv;
