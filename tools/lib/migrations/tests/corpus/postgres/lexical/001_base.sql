CREATE TABLE notes (id int, body text, "odd;name" text, "quo""ted" text, kept text);
CREATE TABLE rows_of (id int, t text);
