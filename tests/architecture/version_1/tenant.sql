-- What the code of the first version says to a tenant's schema: every column that it writes, and what it changes later.
-- It must go on working on the newest schema, since the old code runs until the last process is replaced. Written by
-- hand, as of migration 0001.
insert into alerts (id, fingerprint, source, name, description, severity, status, service, environment, labels,
    annotations, url, warnings, occurrences, first_seen_at, last_seen_at, starts_at, ends_at, incident_id,
    incident_reference, link_rule, link_reason)
values ('00000000-0000-7000-8000-00000000000a', 'v2:abc', 'webhook', 'HighCpu', '', 'critical', 'firing', 'payments',
    'production', '{"a": "b"}', '{}', 'https://x.example', '{}', 1, now(), now(), now(), null, null, null, null, null);
insert into alert_events (id, alert_id, action, change, sender, occurred_at, received_at, raw)
values (gen_random_uuid(), '00000000-0000-7000-8000-00000000000a', 'trigger', 'fired', 'ci', now(), now(), '{}');
insert into incidents (id, title, description, severity, status, source, service, environment, assignee, ci_ids,
    group_key, alert_count, firing_count, last_alert_at, resolution_notes, resolved_by, snoozed_until, created_at,
    updated_at, acknowledged_at, resolved_at, closed_at, version)
values ('00000000-0000-7000-8000-00000000000b', 'Down', '', 'high', 'triggered', 'manual', null, null, null, '{ci-1}',
    'service:payments|production', 0, 0, null, null, null, null, now(), now(), null, null, null, 1)
returning number, severity_rank, attention;
insert into incident_alerts (incident_id, alert_id, rule, reason, confidence, linked_at)
values ('00000000-0000-7000-8000-00000000000b', '00000000-0000-7000-8000-00000000000a', 'same_service', 'why', 0.9, now());
insert into incident_timeline (id, incident_id, event_type, actor, actor_kind, payload, once_key, occurred_at, created_at)
values (gen_random_uuid(), '00000000-0000-7000-8000-00000000000b', 'note', 'ana', 'user', '{}', 'once', now(), now());
insert into dead_letters (id, source, sender, payload, error, received_at, replayed_at)
values (gen_random_uuid(), 'webhook', 'ci', 'x', 'not JSON', now(), null);
insert into api_keys (id, name, scope, secret_hash, profile, rate_limit_rps, created_by, created_at, expires_at, revoked_at)
values ('0123456789ab', 'ci', 'ingestion', '\x00', null, null, 'ana', now(), null, null);
insert into events (id, kind, body, actor, trace_id, created_at)
values (gen_random_uuid(), 'incident.changed', '{}', 'ana', '-', now());
insert into idempotency_keys (actor_id, key, fingerprint, status, body, created_at)
values ('ana', 'k', 'f', 201, '\x00', now());
update alerts set status = 'resolved', ends_at = now(), occurrences = occurrences + 1, last_seen_at = now(),
    incident_id = '00000000-0000-7000-8000-00000000000b', incident_reference = 'INC-00000001', link_rule = 'same_service',
    link_reason = 'why';
update incidents set status = 'reopened', severity = 'info', alert_count = 1, firing_count = 1, last_alert_at = now(),
    snoozed_until = now(), version = version + 1;
update dead_letters set replayed_at = now();
update api_keys set revoked_at = now();
delete from incident_alerts;
delete from idempotency_keys where created_at < now() + interval '1 day';
select id, alert_id, action, change, sender, occurred_at, received_at, raw from alert_events;
select id, fingerprint, source, name, description, severity, status, service, environment, labels, annotations, url,
    warnings, occurrences, first_seen_at, last_seen_at, starts_at, ends_at, incident_id, incident_reference,
    link_rule, link_reason from alerts;
select id, name, scope, secret_hash, profile, rate_limit_rps, created_by, created_at, expires_at, revoked_at from
    api_keys;
select id, source, sender, payload, error, received_at, replayed_at from dead_letters;
select id, kind, body, actor, trace_id, created_at from events;
select actor_id, key, fingerprint, status, body, created_at from idempotency_keys;
select incident_id, alert_id, rule, reason, confidence, linked_at from incident_alerts;
select id, incident_id, event_type, actor, actor_kind, payload, once_key, occurred_at, created_at from
    incident_timeline;
select id, number, title, description, severity, severity_rank, status, attention, source, service, environment,
    assignee, ci_ids, group_key, alert_count, firing_count, last_alert_at, resolution_notes, resolved_by,
    snoozed_until, created_at, updated_at, acknowledged_at, resolved_at, closed_at, version from incidents;
