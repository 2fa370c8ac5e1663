-- engine: refuses some of this
-- expect-doubt: 
CREATE TABEL x (id int);
CREATE TABLE y (id int);
-- expect-doubt: 
ALTER TABLE users ALTER COLUMN a TYPE text;
-- expect: drop-table users
DROP TABLE users;
-- expect-doubt: non-terminated literal
INSERT INTO y VALUES ('never closed);
-- expect: delete-all z
DELETE FROM z;
-- expect-doubt: 
CREATE TRIGGER t AFTER INSERT ON z BEGIN SELECT 1;
-- expect: drop-table z
DROP TABLE z;
-- expect: add-required-column z.c
ALTER TABLE z ADD COLUMN c INTEGER NOT NULL;
