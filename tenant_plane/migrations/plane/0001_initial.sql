-- What a tenant plane knows across tenants: its snapshot of them, spare schemas, the control plane's public keys.

create table tenants (
    tenant_id text primary key,
    schema_name text not null unique,
    name text not null,
    plan text not null,
    state text not null check (state in ('active', 'suspended')),
    schema_version int not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create table spares (
    schema_name text primary key,
    schema_version int not null,
    created_at timestamptz not null default now()
);

create table signing_keys (
    kid text primary key,
    jwk jsonb not null,
    fetched_at timestamptz not null default now()
);

-- A job of the queue belongs to one tenant; publish() below is the only writer.
alter table queue.pgqueuer add column tenant_id text;
create index pgqueuer_tenant on queue.pgqueuer (tenant_id);

-- Called by a verb's transaction under the tenant's role. SECURITY DEFINER, so that no tenant's role may touch the queue; the
-- tenant is read from the role that is set, never from an argument. NOTIFY carries ids only.
create function publish(event_ids uuid[], kinds text[], queued text[]) returns void
    language plpgsql security definer set search_path = plane, pg_temp as $$
declare
    tenant text;
begin
    select t.tenant_id into strict tenant from tenants t where t.schema_name = current_setting('role');
    -- The queue's trigger wakes every worker, also for an INSERT without rows; most commits have nothing for them.
    if kinds && queued then
        insert into queue.pgqueuer (priority, entrypoint, payload, status, tenant_id)
        select 0, e.kind, convert_to(json_build_object('tenant_id', tenant, 'event_id', e.id)::text, 'UTF8'), 'queued',
            tenant
        from unnest(event_ids, kinds) as e (id, kind)
        where e.kind = any (queued);
    end if;
    -- A notification holds 8,000 bytes at most: 100 ids each.
    perform pg_notify('opsplane_events', tenant || ' ' || string_agg(e.id::text, ',' order by e.n))
    from unnest(event_ids) with ordinality as e (id, n)
    group by (e.n - 1) / 100;
end $$;
