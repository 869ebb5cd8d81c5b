-- What is due in which tenant: a tick asks one question about all of them, and opens transactions only where there is
-- something to do. A mark is added and taken away, never changed, so that nobody waits for another's. It names the
-- schema and not the tenant, since the rows of one that is being restored are there before the tenant is.

create table due (
    schema_name text not null,
    kind text not null,
    due_at timestamptz not null
);
create index due_next on due (kind, due_at);
create index due_of_schema on due (schema_name, kind, due_at);

-- A trigger of a tenant's table: stamp_due('snooze', 'snoozed_until'). It runs in the transaction that writes the row,
-- whoever writes it, so that there is no row without its mark.
create function stamp_due() returns trigger
    language plpgsql security definer set search_path = plane, pg_temp as $$
begin
    insert into due (schema_name, kind, due_at)
    values (tg_table_schema, tg_argv[0], (to_jsonb(new) ->> tg_argv[1])::timestamptz);
    return null;
end $$;

-- A tenant's role takes and leaves its own marks: the tenant is read from the role that is set, never from an argument.
create function take_due(kind text, moment timestamptz) returns void
    language sql volatile security definer set search_path = plane, pg_temp as $$
    delete from due d where d.schema_name = current_setting('role') and d.kind = take_due.kind and d.due_at <= moment;
$$;

create function note_due(kind text, moment timestamptz) returns void
    language sql volatile security definer set search_path = plane, pg_temp as $$
    insert into due (schema_name, kind, due_at)
    select t.schema_name, note_due.kind, moment from tenants t where t.schema_name = current_setting('role');
$$;

-- When a tenant last had its turn of housekeeping; whoever has waited longest is next.
alter table tenants add column swept_at timestamptz not null default '-infinity';
create index tenants_swept on tenants (swept_at) where state = 'active';

-- As before, and with the schema's version: new code must not work on a schema that could not be migrated yet.
create function enter(tenant text, version int) returns text language plpgsql volatile as $$
declare
    standing text;
begin
    perform pg_advisory_xact_lock_shared(hashtext('tenant:' || tenant));
    select case when t.schema_version < version then 'upgrading' else t.state end into standing
    from plane.tenants t where t.tenant_id = tenant;
    return standing;
end $$;
