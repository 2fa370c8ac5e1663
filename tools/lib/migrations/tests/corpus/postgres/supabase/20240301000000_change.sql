drop policy "Public profiles" on "public"."profiles";
create policy "Own profile" on "public"."profiles" for select using (id is not null);
revoke delete on table "public"."profiles" from PUBLIC;
-- expect: drop-column profiles.website
alter table "public"."profiles" drop column "website";
-- expect: change-type profiles.meta
alter table "public"."profiles" alter column "meta" set data type text using "meta"::text;
-- expect: drop-function private.handle
drop function if exists "private"."handle"() cascade;
-- expect: drop-view sums
drop materialized view if exists public.sums;
-- expect: rename-table profiles to private.profiles
alter table "public"."profiles" set schema "private";
-- expect: drop-schema private
drop schema if exists "private" cascade;
