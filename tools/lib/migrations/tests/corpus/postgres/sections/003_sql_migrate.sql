-- +migrate Up
ALTER TABLE g ADD COLUMN w int;
-- +migrate Down
ALTER TABLE g DROP COLUMN w;
