-- the schema counts
-- expect: drop-column crm.customer.fax
alter table crm.customer drop column fax;
-- expect: drop-table audit_log
drop table if exists public.audit_log;
-- a view that is made again is as good as before
drop view crm.active;
create view crm.active as select id, name from crm.customer;
-- expect: rename-view crm.active to crm.current
alter view crm.active rename to current;
-- expect: rename-schema crm to sales
alter schema crm rename to sales;
