-- Impersonations that the tenant can see.
select 1;
