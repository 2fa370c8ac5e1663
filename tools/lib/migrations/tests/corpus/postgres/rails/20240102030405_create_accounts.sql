BEGIN;
CREATE TABLE "accounts" ("id" bigserial primary key, "name" character varying NOT NULL, "plan" character varying DEFAULT 'free' NOT NULL, "notes" text, "created_at" timestamp(6) NOT NULL, "updated_at" timestamp(6) NOT NULL);
CREATE TABLE "old_accounts" ("id" bigserial primary key, "name" character varying);
CREATE TABLE "invoices" ("id" bigserial primary key, "account_id" bigint NOT NULL, "total" integer, "state" integer DEFAULT 0, CONSTRAINT "fk_rails_1" FOREIGN KEY ("account_id") REFERENCES "accounts" ("id"));
CREATE UNIQUE INDEX "index_accounts_on_name" ON "accounts" ("name");
INSERT INTO "schema_migrations" (version) VALUES ('20240102030405') ON CONFLICT DO NOTHING;
COMMIT;
