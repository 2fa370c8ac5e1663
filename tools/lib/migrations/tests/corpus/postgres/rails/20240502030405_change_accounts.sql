-- add_column, add_index, add_reference: nothing is taken away
ALTER TABLE "accounts" ADD "email" character varying;
ALTER TABLE "accounts" ADD "seats" integer DEFAULT 1 NOT NULL;
CREATE INDEX CONCURRENTLY "index_accounts_on_email" ON "accounts" ("email");
ALTER TABLE "invoices" ADD "owner_id" bigint;
CREATE INDEX "index_invoices_on_owner_id" ON "invoices" ("owner_id");
ALTER TABLE "invoices" ADD CONSTRAINT "fk_rails_2" FOREIGN KEY ("owner_id") REFERENCES "accounts" ("id") NOT VALID;
ALTER TABLE "invoices" VALIDATE CONSTRAINT "fk_rails_2";
-- remove_column
-- expect: drop-column accounts.notes
ALTER TABLE "accounts" DROP COLUMN "notes";
-- rename_column
-- expect: rename-column invoices.total to amount
ALTER TABLE "invoices" RENAME COLUMN "total" TO "amount";
ALTER INDEX "index_accounts_on_name" RENAME TO "index_accounts_on_the_name";
-- change_column
-- expect: change-type invoices.state
ALTER TABLE "invoices" ALTER COLUMN "state" TYPE bigint;
-- change_column_null
-- expect: set-not-null invoices.state
ALTER TABLE "invoices" ALTER COLUMN "state" SET NOT NULL;
-- change_column_default, to nil
-- expect: drop-default accounts.plan
ALTER TABLE "accounts" ALTER COLUMN "plan" DROP DEFAULT;
-- change_column_default, to a value
ALTER TABLE "invoices" ALTER COLUMN "state" SET DEFAULT 1;
-- rename_table
-- expect: rename-table invoices to bills
ALTER TABLE "invoices" RENAME TO "bills";
-- drop_table
-- expect: drop-table old_accounts
DROP TABLE "old_accounts" CASCADE;
-- add_column null: false without a default
-- expect: add-required-column accounts.region
ALTER TABLE "accounts" ADD "region" character varying NOT NULL;
COMMENT ON COLUMN "accounts"."seats" IS 'How many may work at once';
