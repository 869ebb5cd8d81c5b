-- Messages and facts that the plan does not keep any longer. A tenant's role may delete neither, so that nothing it does
-- can: this function may, in the schema of the role that is set, and only what is older than a day.
create function forget_before(moment timestamptz, most int) returns int
    language plpgsql security definer set search_path = pg_temp as $$
declare
    tenant text;
    place text;
    forgotten int;
    total int := 0;
    has_old_jobs boolean;
begin
    if moment > now() - interval '1 day' then
        raise exception 'only what is older than a day can be forgotten';
    end if;
    select t.tenant_id, t.schema_name into strict tenant, place
    from plane.tenants t where t.schema_name = current_setting('role');
    execute format(
        'delete from %1$I.alert_events where ctid = any(array('
        'select ctid from %1$I.alert_events where received_at < $1 order by received_at limit $2))', place)
    using moment, most;
    get diagnostics forgotten = row_count;
    total := total + forgotten;
    -- A reaction that still waits, since its tenant was suspended, reads its event.
    select exists (select from queue.pgqueuer q where q.tenant_id = tenant and q.created < moment) into has_old_jobs;
    if not has_old_jobs then
        execute format(
            'delete from %1$I.events where ctid = any(array('
            'select ctid from %1$I.events where created_at < $1 order by created_at limit $2))', place)
        using moment, most;
        get diagnostics forgotten = row_count;
        total := total + forgotten;
    end if;
    return total;
end $$;
