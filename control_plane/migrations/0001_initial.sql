create table plans (
    name text not null check (name ~ '^[a-z][a-z0-9-]{1,38}$'),
    version int not null check (version > 0),
    rank int not null,
    limits jsonb not null check (jsonb_typeof(limits) = 'object'),
    created_at timestamptz not null default now(),
    primary key (name, version)
);

comment on table plans is 'A version never changes: what a tenant was sold stays what it was. A null limit means none.';

insert into plans (name, version, rank, limits) values
    ('free', 1, 1, '{"users": 3, "api_keys": 2, "events_per_month": 10000, "incidents_per_month": 50, "retention_days": 7}'),
    ('pro', 1, 2, '{"users": 50, "api_keys": 20, "events_per_month": 5000000, "incidents_per_month": 5000, "retention_days": 90}'),
    ('enterprise', 1, 3, '{"users": null, "api_keys": null, "events_per_month": null, "incidents_per_month": null, "retention_days": 400}');

create table tenants (
    tenant_id text primary key check (tenant_id ~ '^[a-z][a-z0-9-]{1,38}[a-z0-9]$'),
    name text not null,
    plan text not null,
    plan_version int not null,
    contact_email text not null,
    state text not null check (state in ('requested', 'provisioning', 'active', 'suspended', 'deleting', 'gone')),
    created_by text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    foreign key (plan, plan_version) references plans (name, version)
);

create index tenants_state on tenants (state, tenant_id);
create index tenants_plan on tenants (plan, plan_version);

create table users (
    id uuid primary key,
    email text not null unique check (email = lower(email)),
    name text not null,
    password_hash text not null,
    is_super_admin boolean not null default false,
    created_at timestamptz not null,
    disabled_at timestamptz
);

create table memberships (
    user_id uuid not null references users on delete cascade,
    tenant_id text not null references tenants,
    role text not null check (role in ('viewer', 'operator', 'admin')),
    created_at timestamptz not null,
    last_used_at timestamptz,
    primary key (user_id, tenant_id)
);

create index memberships_tenant on memberships (tenant_id, user_id);

create table sessions (
    id uuid primary key,
    user_id uuid not null references users on delete cascade,
    tenant_id text references tenants,
    created_at timestamptz not null,
    last_used_at timestamptz not null,
    revoked_at timestamptz,
    revoked_reason text check (revoked_reason in ('signed_out', 'token_reused')),
    check ((revoked_at is null) = (revoked_reason is null))
);

comment on table sessions is 'One family of refresh tokens. Its row is locked by everyone who turns, reuses or ends the family.';

create index sessions_user on sessions (user_id);
create index sessions_tenant on sessions (tenant_id);
create index sessions_last_used on sessions (last_used_at);

create table refresh_tokens (
    id uuid primary key,
    session_id uuid not null references sessions on delete cascade,
    token_hash bytea not null unique check (octet_length(token_hash) = 32),
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    replaced_by uuid references refresh_tokens on delete set null
);

create index refresh_tokens_session on refresh_tokens (session_id);
create index refresh_tokens_replaced_by on refresh_tokens (replaced_by);

create table signing_keys (
    kid text primary key,
    public_jwk jsonb not null,
    sealed_private_key bytea not null,
    created_at timestamptz not null,
    active_from timestamptz not null,
    retire_at timestamptz
);

create table idempotency_keys (
    actor_id text not null,
    key text not null,
    fingerprint text not null,
    status int,
    body bytea,
    created_at timestamptz not null,
    primary key (actor_id, key)
);

create index idempotency_keys_created on idempotency_keys (created_at);

create table events (
    id uuid primary key,
    kind text not null,
    body jsonb not null,
    actor text not null,
    trace_id text not null,
    created_at timestamptz not null
);

create index events_created on events (created_at);
