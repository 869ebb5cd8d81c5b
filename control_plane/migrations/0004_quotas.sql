-- Plans, limits, usage.
select 1;
