CREATE TABLE _alembic_tmp_account (
	id INTEGER NOT NULL,
	name VARCHAR(100),
	PRIMARY KEY (id)
);

INSERT INTO _alembic_tmp_account (id, name) SELECT account.id, account.name
FROM account;

-- slipway: allow drop-column: nothing has read it for a year
-- expect-allowed: drop-column account.old
DROP TABLE account;

ALTER TABLE _alembic_tmp_account RENAME TO account;

UPDATE alembic_version SET version_num='a2' WHERE alembic_version.version_num = 'a1';
