-- Keys of senders are integrations, with a limit of their own; api_keys counts the others. The audit log can be walked
-- along its numbers without reading its rows.

-- contract: code before this reads two of the three columns by name, and finds them
drop function usage_levels(timestamptz);
create function usage_levels(at timestamptz, out api_keys bigint, out integrations bigint, out held bigint)
    language sql stable as $$
    select count(*) filter (where k.scope <> 'ingestion'), count(*) filter (where k.scope = 'ingestion'),
        (select count(*) from held_payloads where processed_at is null)
    from api_keys k where k.revoked_at is null and (k.expires_at is null or k.expires_at > at);
$$;

-- Who looks for old entries by time or action passes a million newer ones: in the index, a tenth of the pages.
create index audit_log_walk on audit_log (seq desc, at, action collate "C");
