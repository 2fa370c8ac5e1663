--liquibase formatted sql
--changeset a:3
DROP VIEW pv;
CREATE VIEW pv AS SELECT n, id FROM p;
--changeset a:4
-- expect: drop-column p.gone
ALTER TABLE p DROP COLUMN gone;
--changeset a:5
-- expect: drop-view pv
DROP VIEW IF EXISTS pv;
