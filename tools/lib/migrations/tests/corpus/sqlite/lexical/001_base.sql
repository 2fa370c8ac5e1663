CREATE TABLE a (id int, t text, x text);
CREATE TABLE b (id int);
INSERT INTO a VALUES (1, 'x; DROP TABLE a; --', 'it''s');
/* a comment; DROP TABLE a; */ SELECT 1;
