-- Usage counters and held payloads.
select 1;
