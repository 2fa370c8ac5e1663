-- migrate:up
-- expect: drop-column g.v
ALTER TABLE g DROP COLUMN v;

-- migrate:down
ALTER TABLE g ADD COLUMN v int;
DELETE FROM g;
