-- The snapshot of what the control plane wants, whole: limits and standing of each tenant, and how new that is.

alter table tenants drop constraint tenants_state_check;
-- contract: the same check, wider
alter table tenants add constraint tenants_state_check check (state in ('active', 'suspended', 'frozen'));
alter table tenants add column limits jsonb not null default '{}';
alter table tenants add column generation bigint not null default 0;
-- Set while payloads of the tenant are held: what comes in now waits behind them, and a tick looks only at these.
alter table tenants add column held_since timestamptz;
create index tenants_held on tenants (tenant_id) where held_since is not null;

-- The first thing in every write transaction. The lock is shared among writers; who changes a tenant's standing, or drops
-- it, takes it alone, so that nothing is written under a standing that is over. The standing is read by a statement of
-- its own, since the snapshot of the one that waits for the lock may be older than what it waited for.
create function enter(tenant text) returns text language plpgsql volatile as $$
declare
    standing text;
begin
    perform pg_advisory_xact_lock_shared(hashtext('tenant:' || tenant));
    select t.state into standing from plane.tenants t where t.tenant_id = tenant;
    return standing;
end $$;

-- A tenant's role sees its own row and no other: the tenant is read from the role that is set, never from an argument.
create function own_plan(out plan text, out standing text, out limits jsonb, out held boolean)
    language sql stable security definer set search_path = plane, pg_temp as $$
    select t.plan, t.state, t.limits, t.held_since is not null from tenants t
    where t.schema_name = current_setting('role');
$$;

create function note_held(held boolean) returns void
    language sql volatile security definer set search_path = plane, pg_temp as $$
    update tenants set held_since = case when held then now() end
    where schema_name = current_setting('role') and (held_since is not null) <> held;
$$;
