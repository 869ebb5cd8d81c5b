-- Tenants: operations, cells, generations.
select 1;
