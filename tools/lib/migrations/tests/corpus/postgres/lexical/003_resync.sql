-- engine: refuses some of this
-- expect-doubt: 
ALTER TABEL notes DROP COLUMN body;
-- expect: drop-table rows_of
DROP TABLE rows_of;
-- expect-doubt: 
CREATE TABLE broken (id int;
-- expect: drop-column notes.body
ALTER TABLE notes DROP COLUMN body;
-- expect-doubt: 
{% if something %};
SELECT 1;
-- expect: drop-column notes.id
ALTER TABLE notes DROP COLUMN id;
-- expect-doubt: a string that is never closed
INSERT INTO notes VALUES ('never closed);
-- expect: drop-table notes
DROP TABLE notes;
