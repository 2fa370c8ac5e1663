ALTER TABLE orders ADD COLUMN IF NOT EXISTS note text;
-- expect: drop-column orders.note
ALTER TABLE orders DROP COLUMN note;
ALTER TABLE orders ADD COLUMN IF NOT EXISTS state text DEFAULT 'new';
-- expect: update-all orders
UPDATE orders SET state = 'old';
-- expect: set-not-null orders.state
ALTER TABLE orders ALTER COLUMN state SET NOT NULL;
-- expect: drop-default orders.state
ALTER TABLE orders ALTER COLUMN state DROP DEFAULT;
-- expect: change-type orders.state
ALTER TABLE orders ALTER COLUMN state TYPE varchar(10);
-- expect: rename-column orders.state to status
ALTER TABLE orders RENAME COLUMN state TO status;
-- expect: add-required-column orders.owner
ALTER TABLE orders ADD COLUMN IF NOT EXISTS owner bigint NOT NULL;
-- New for certain, whatever is said of it again.
ALTER TABLE orders ADD COLUMN sure text;
ALTER TABLE orders ADD COLUMN IF NOT EXISTS sure text;
ALTER TABLE orders DROP COLUMN sure;
CREATE TABLE fresh (id bigint);
CREATE TABLE IF NOT EXISTS fresh (id bigint);
ALTER TABLE fresh DROP COLUMN id;
CREATE TEMP TABLE IF NOT EXISTS scratch (id bigint);
DROP TABLE scratch;
