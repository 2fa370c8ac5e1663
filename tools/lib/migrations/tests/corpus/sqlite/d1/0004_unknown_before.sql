-- a table that these files did not make: sqlite_sequence and the like aside, nobody can say what it had
CREATE TABLE IF NOT EXISTS settings AS SELECT 1 AS k, 2 AS v;
