-- What the tenant has used, payloads that are kept and not yet processed, and when a key was last used.

create table usage_days (
    metric text not null check (metric in ('events', 'incidents', 'requests')),
    day date not null,
    amount bigint not null,
    primary key (metric, day)
);

create table held_payloads (
    id uuid primary key,
    source text not null,
    sender text not null,
    payload bytea not null,
    reason text not null check (reason in ('suspended', 'over_quota', 'waiting')),
    received_at timestamptz not null,
    processed_at timestamptz,
    error text
);
create index held_payloads_newest on held_payloads (received_at desc, id desc);
create index held_payloads_next on held_payloads (received_at, id) where processed_at is null;
create index held_payloads_processed on held_payloads (processed_at) where processed_at is not null;

alter table api_keys add column last_used_at timestamptz;
alter table api_keys add column last_used_address text;
create index api_keys_of_maker on api_keys (created_by, created_at desc, id desc);

-- Levels of things that belong to other domains: usage shows them and need not know their tables.
create function usage_levels(at timestamptz, out api_keys bigint, out held bigint) language sql stable as $$
    select (select count(*) from api_keys where revoked_at is null and (expires_at is null or expires_at > at)),
        (select count(*) from held_payloads where processed_at is null);
$$;
