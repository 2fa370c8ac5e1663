BEGIN;
CREATE TABLE IF NOT EXISTS accounts(
   user_id serial PRIMARY KEY,
   username VARCHAR (50) UNIQUE NOT NULL,
   old_hash TEXT
);
CREATE SEQUENCE order_numbers START 100;
CREATE DOMAIN email AS text CHECK (VALUE ~ '@');
COMMIT;
