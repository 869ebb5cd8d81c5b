-- Tenants: generations, placement, deletion; operations and their steps.
alter table tenants
    add column generation int not null default 1,
    add column observed_generation int not null default 0,
    add column placement text not null default 'shared' check (placement in ('shared', 'dedicated')),
    add column cell text not null default 'shared',
    add column suspended_reason text,
    add column state_before_delete text
        check (state_before_delete in ('requested', 'provisioning', 'active', 'suspended')),
    add column delete_after timestamptz,
    add column failures int not null default 0,
    add column next_try_at timestamptz default now();

comment on column tenants.generation is 'Grows with every change of what is wanted; the plane has reached observed_generation.';
comment on column tenants.next_try_at is 'When the reconciler looks next; null when the plane is as wanted. A row that older code inserts is looked at, too.';

create index tenants_due on tenants (next_try_at) where next_try_at is not null;
create index tenants_id_prefix on tenants (tenant_id text_pattern_ops);
create index tenants_name_prefix on tenants (lower(name) text_pattern_ops);
create index tenants_contact_prefix on tenants (contact_email text_pattern_ops);
create index tenants_cell on tenants (cell, tenant_id);

create table operations (
    id uuid primary key,
    tenant_id text not null references tenants,
    kind text not null check (kind in (
        'create', 'change_plan', 'rename', 'suspend', 'resume', 'delete', 'restore', 'purge', 'move', 'export', 'import'
    )),
    state text not null check (state in ('pending', 'running', 'succeeded', 'failed', 'cancelled')),
    generation int not null,
    details jsonb not null default '{}' check (jsonb_typeof(details) = 'object'),
    reason text,
    requested_by text not null,
    requested_by_name text not null,
    attempts int not null default 0,
    error text,
    is_rolling_back boolean not null default false,
    lease_holder uuid,
    lease_until timestamptz,
    created_at timestamptz not null,
    started_at timestamptz,
    finished_at timestamptz,
    check ((finished_at is null) = (state in ('pending', 'running'))),
    check ((lease_holder is null) = (lease_until is null))
);

comment on table operations is 'A change of a tenant, from the commit that wants it until the plane has it.';
comment on column operations.generation is 'The tenant''s generation that this change made.';

create unique index operations_unfinished on operations (tenant_id)
    where state in ('pending', 'running') and kind <> 'export';
create index operations_tenant on operations (tenant_id, created_at desc, id desc);
create index operations_exports on operations (started_at) where state = 'running' and kind = 'export';

create table operation_steps (
    operation_id uuid not null references operations on delete cascade,
    position int not null,
    name text not null,
    state text not null check (state in ('pending', 'running', 'succeeded', 'failed', 'skipped')),
    attempts int not null default 0,
    error text,
    started_at timestamptz,
    finished_at timestamptz,
    deadline_at timestamptz,
    primary key (operation_id, position)
);
