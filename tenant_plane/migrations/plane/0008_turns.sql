-- When the payloads that are held for a tenant are looked at next: each turn moves it, so that tenants without room stand
-- in front of nobody. A new plan, limit or standing sets it back (core/provision.py).
alter table tenants add column held_next_at timestamptz not null default '-infinity';

-- In the transaction that found no room: whoever changes the limits waits for its commit, and sets the mark back after it.
create function put_off_held(until timestamptz) returns void
    language sql volatile security definer set search_path = plane, pg_temp as $$
    update tenants set held_next_at = until where schema_name = current_setting('role');
$$;

-- How much is held for these tenants together: a transaction for each of a thousand takes longer than whoever asks waits.
-- One that is dropped meanwhile, or is broken, is left out.
create function count_held(schemas text[]) returns bigint
    language plpgsql stable security definer set search_path = pg_temp as $$
declare
    place text;
    held bigint;
    total bigint := 0;
begin
    foreach place in array schemas loop
        begin
            execute format('select count(*) from %I.held_payloads where processed_at is null', place) into held;
            total := total + held;
        exception when undefined_table or undefined_column then
            raise log 'what is held in % can not be counted: %', place, sqlerrm;
        end;
    end loop;
    return total;
end $$;
