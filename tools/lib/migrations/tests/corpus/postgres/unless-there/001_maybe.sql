CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY);
-- expect: drop-column users.email
ALTER TABLE users DROP COLUMN email;
-- expect: truncate users
TRUNCATE users;
-- expect: drop-table users
DROP TABLE users;
CREATE OR REPLACE VIEW active AS SELECT 1 AS id;
-- expect: drop-view active
DROP VIEW active;
CREATE OR REPLACE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';
-- expect: drop-function one
DROP FUNCTION one();
CREATE SCHEMA IF NOT EXISTS crm;
-- expect: drop-schema crm
DROP SCHEMA crm;
