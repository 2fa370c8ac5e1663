SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SELECT pg_catalog.set_config('search_path', '', false);
SET search_path TO public;
CREATE SCHEMA IF NOT EXISTS "private";
create table if not exists "public"."profiles" ("id" uuid not null, "bio" text, "website" text, "meta" jsonb);
alter table "public"."profiles" enable row level security;
create policy "Public profiles" on "public"."profiles" for select using (true);
CREATE OR REPLACE FUNCTION "private"."handle"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $_$
BEGIN
  INSERT INTO public.profiles (id) VALUES (new.id);
  RETURN new;
END;
$_$;
GRANT SELECT ON TABLE "public"."profiles" TO PUBLIC;
create materialized view public.sums as select 1 as n;
