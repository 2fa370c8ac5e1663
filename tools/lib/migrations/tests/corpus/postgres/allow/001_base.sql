CREATE TABLE t (a int, b int, c int, d int, e int, f int NOT NULL DEFAULT 1);
