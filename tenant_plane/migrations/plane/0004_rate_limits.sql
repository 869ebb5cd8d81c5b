-- Requests of one caller in one minute, counted by all processes together. Unlogged: a crash forgets a minute's counts,
-- and no count waits for the disk. Half of each page is free, so that counting up writes no index.

create unlogged table request_counts (
    caller text not null,
    minute bigint not null,
    used bigint not null,
    primary key (caller, minute)
) with (fillfactor = 50);
create index request_counts_old on request_counts (minute);
