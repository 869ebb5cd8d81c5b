-- Request counters of all processes.
select 1;
