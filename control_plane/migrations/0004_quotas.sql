-- Plans with every limit, a place and a price; limits granted beside a plan; what tenants have used.

-- contract: the constraint is about columns that are new with it
alter table plans
    add column placement text not null default 'shared' check (placement in ('shared', 'dedicated')),
    add column price_cents int check (price_cents >= 0),
    add column currency text check (currency ~ '^[a-z]{3}$'),
    add column stripe_price_lookup_key text,
    add column created_by text not null default 'product',
    add constraint plans_price_has_currency check ((price_cents is null) = (currency is null));

comment on column plans.price_cents is 'A month, in hundredths of the currency; null: not for sale online.';

insert into plans (name, version, rank, limits, price_cents, currency, stripe_price_lookup_key) values
    ('free', 2, 1, '{"users": 3, "api_keys": 2, "events_per_month": 10000, "incidents_per_month": 50, "integrations": 3,
        "retention_days": 7, "requests_per_minute": {"viewer": 100, "operator": 500, "admin": 1000}}', 0, 'usd', null),
    ('pro', 2, 2, '{"users": 50, "api_keys": 20, "events_per_month": 5000000, "incidents_per_month": 5000,
        "integrations": 30, "retention_days": 90,
        "requests_per_minute": {"viewer": 100, "operator": 500, "admin": 1000}}', 9900, 'usd', 'opsplane_pro_monthly'),
    ('enterprise', 2, 3, '{"users": null, "api_keys": null, "events_per_month": null, "incidents_per_month": null,
        "integrations": null, "retention_days": 400,
        "requests_per_minute": {"viewer": 100, "operator": 500, "admin": 1000}}', null, null, null);

create table limit_overrides (
    id uuid primary key,
    tenant_id text not null references tenants,
    limit_name text not null check (limit_name in ('users', 'api_keys', 'events_per_month', 'incidents_per_month',
        'integrations', 'retention_days', 'requests_per_minute_viewer', 'requests_per_minute_operator',
        'requests_per_minute_admin')),
    value bigint check (value >= 0),
    reason text not null,
    created_by text not null,
    created_at timestamptz not null,
    ends_at timestamptz,
    ended_at timestamptz,
    ended_by text,
    check (ends_at > created_at),
    check ((ended_at is null) = (ended_by is null))
);

comment on column limit_overrides.value is 'Instead of the plan''s limit; null: no limit.';

create index limit_overrides_tenant on limit_overrides (tenant_id, created_at desc, id desc);
create unique index limit_overrides_one_each on limit_overrides (tenant_id, limit_name) where ended_at is null;
create index limit_overrides_due on limit_overrides (ends_at) where ended_at is null and ends_at is not null;

create table usage_days (
    tenant_id text not null references tenants,
    metric text not null check (metric in ('events', 'incidents', 'requests', 'api_keys', 'held', 'users')),
    day date not null,
    amount bigint not null check (amount >= 0),
    reported_at timestamptz not null,
    primary key (tenant_id, metric, day)
);

comment on table usage_days is 'As a plane reported it: the whole day so far, or the level at the last report of that day.';

create table usage_shares (
    tenant_id text not null references tenants,
    limit_name text not null,
    used bigint not null,
    limit_value bigint,
    share double precision not null,
    measured_at timestamptz not null,
    primary key (tenant_id, limit_name)
);

comment on table usage_shares is 'How full each limit of each tenant is; derived, so that the fullest of thousands are one index away.';

create index usage_shares_fullest on usage_shares (limit_name, share desc, tenant_id desc);

-- People and open invitations of tenants. They belong to a later domain, whose tables quotas need not know.
create function seats_of(tenant_ids text[]) returns table (tenant_id text, seats bigint) language plpgsql stable as $$
begin
    return query
        select s.tenant_id, count(*) from (
            select m.tenant_id from memberships m where m.tenant_id = any (tenant_ids)
        ) s group by s.tenant_id;
end $$;
