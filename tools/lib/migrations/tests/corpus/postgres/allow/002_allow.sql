-- slipway: allow drop-column: not read since 3.2
-- expect-allowed: drop-column t.a
ALTER TABLE t DROP COLUMN a;

-- expect-allowed: drop-column t.b
ALTER TABLE t DROP COLUMN b; -- slipway: allow drop-column: the same line will do

-- expect-allowed: drop-column t.c
-- expect: rename-column t.d to dd
ALTER TABLE t /* slipway: allow drop-column: one of two */ DROP COLUMN c; ALTER TABLE t RENAME d TO dd;

-- expect-doubt: without a reason
-- slipway: allow drop-column
-- expect: drop-column t.e
ALTER TABLE t DROP COLUMN e;

-- expect-doubt: no rule
-- slipway: allow everything: please
SELECT 1;

-- expect-doubt: nothing of the kind
-- slipway: allow drop-table: it is not even dropped
SELECT 2;
-- slipway: allow drop-default, set-not-null: both in one
-- expect-allowed: drop-default t.f
-- expect-allowed: set-not-null t.f
ALTER TABLE t ALTER f DROP DEFAULT, ALTER COLUMN f SET NOT NULL;
