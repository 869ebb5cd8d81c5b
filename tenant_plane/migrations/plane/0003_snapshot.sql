-- The snapshot: limits, standing, generation.
select 1;
