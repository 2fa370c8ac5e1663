CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
CREATE TABLE account (id INTEGER NOT NULL, name VARCHAR(50), old VARCHAR, PRIMARY KEY (id));
INSERT INTO alembic_version (version_num) VALUES ('a1');
