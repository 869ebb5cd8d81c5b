-- Invitations, second factors, lock-outs, impersonations.
select 1;
