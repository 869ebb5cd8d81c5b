-- Dedicated deployments, what was seen of all planes, rollouts, orphans.
create table deployments (
    tenant_id text primary key references tenants,
    namespace text not null unique,
    size text not null check (size in ('small', 'medium', 'large')),
    is_serving boolean not null,
    is_routed boolean not null,
    wanted_version text not null,
    actual_version text,
    state text not null check (state in ('applying', 'waiting', 'ready', 'failed', 'removing')),
    ready boolean not null default false,
    drift text[] not null default '{}',
    last_error text,
    checked_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

comment on table deployments is 'One row for each tenant that has, or should have, a plane of its own; gone when its namespace is.';
comment on column deployments.is_serving is 'Whether requests should be led there.';
comment on column deployments.is_routed is 'Whether routes may exist: from before they are applied until they are known to be gone.';
comment on column deployments.drift is 'What the last check had to repair: kind, name and path of a field.';

create index deployments_checked on deployments (checked_at nulls first, tenant_id);
create index deployments_under_way on deployments (checked_at nulls first, tenant_id)
    where state in ('applying', 'waiting', 'removing');

create table cells (
    name text primary key,
    placement text not null check (placement in ('shared', 'dedicated')),
    url text not null,
    version text,
    tenants int,
    queue_waiting int,
    oldest_waiting_seconds double precision,
    held int,
    database_ms double precision,
    ready boolean not null,
    last_error text,
    looked_at timestamptz not null,
    answered_at timestamptz
);

comment on table cells is 'What each plane last said about itself. Numbers stay when it stops answering; answered_at tells their age.';

create index cells_looked on cells (looked_at, name);

create table rollouts (
    id uuid primary key,
    version text not null,
    state text not null check (state in ('running', 'stopped', 'done', 'cancelled')),
    wave int not null,
    waves int not null,
    reason text,
    started_by text not null,
    wave_started_at timestamptz not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    finished_at timestamptz,
    check ((finished_at is not null) = (state in ('done', 'cancelled'))),
    check (state <> 'stopped' or reason is not null)
);

create unique index rollouts_open on rollouts ((true)) where state in ('running', 'stopped');
create index rollouts_created on rollouts (created_at desc, id desc);
create index rollouts_done on rollouts (finished_at desc) where state = 'done';

create table rollout_turns (
    rollout_id uuid not null references rollouts on delete cascade,
    tenant_id text not null references tenants,
    wave int not null,
    state text not null check (state in ('waiting', 'rolling', 'done', 'failed')),
    previous_version text not null,
    error text,
    started_at timestamptz,
    finished_at timestamptz,
    primary key (rollout_id, tenant_id)
);

create unique index rollout_turns_wave on rollout_turns (rollout_id, wave, tenant_id);
create index rollout_turns_tenant on rollout_turns (tenant_id);

create table orphans (
    namespace text primary key,
    tenant_id text not null,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null
);

comment on table orphans is 'Namespaces with our labels that no tenant needs; removed after a grace period.';
