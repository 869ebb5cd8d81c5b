-- Dedicated deployments, rollouts.
select 1;
