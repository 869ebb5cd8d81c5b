-- append_audit().
select 1;
