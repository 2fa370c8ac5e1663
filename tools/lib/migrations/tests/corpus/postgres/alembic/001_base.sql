BEGIN;

CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> ae1027a6acf

CREATE TABLE users (
    id SERIAL NOT NULL,
    email VARCHAR(255),
    legacy_name VARCHAR(50),
    created TIMESTAMP WITHOUT TIME ZONE DEFAULT now(),
    PRIMARY KEY (id)
);

CREATE TYPE mood AS ENUM ('sad', 'ok');

INSERT INTO alembic_version (version_num) VALUES ('ae1027a6acf') RETURNING alembic_version.version_num;

COMMIT;
