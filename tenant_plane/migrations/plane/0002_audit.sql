-- The audit logs stand in the tenants' schemas; what the plane does across tenants has none of its own.
select 1;
