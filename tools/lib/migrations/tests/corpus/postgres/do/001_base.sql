CREATE TABLE users (id int, email text, phone text, fax text);
CREATE TABLE logs (id int, at timestamptz);
CREATE TABLE logs_2020 (id int);
