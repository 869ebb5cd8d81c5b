-- The audit log of the control plane: append-only, numbered without gaps, each row chained to the one before it by its hash
-- (shared/audit/chain.py).

create table audit_log (
    seq bigint primary key check (seq > 0),
    at timestamptz not null,
    actor_id text not null,
    actor_kind text not null,
    actor_name text not null,
    impersonated_by text,
    action text not null,
    target text not null,
    result text not null check (result in ('done', 'refused')),
    details jsonb not null,
    address text,
    trace_id text not null,
    tenant_id text,
    previous_hash bytea not null unique check (octet_length(previous_hash) = 32),
    hash bytea not null check (octet_length(hash) = 32)
);
comment on column audit_log.tenant_id is 'Whose administrators may read the entry; null: super-admins only.';

create index audit_log_tenant on audit_log (tenant_id, seq desc);
create index audit_log_actor_name on audit_log (actor_name, seq desc);
create index audit_log_actor_id on audit_log (actor_id, seq desc);
create index audit_log_action on audit_log (action collate "C", seq desc);
create index audit_log_target on audit_log (target, seq desc);
create index audit_log_at on audit_log (at);
create index audit_log_refused on audit_log (seq) where result = 'refused';
-- The expression stands letter for letter in shared/audit/queries.py.
create index audit_log_words on audit_log using gin (
    to_tsvector('simple', regexp_replace(actor_name || ' ' || action || ' ' || target || ' ' || coalesce(address, '')
        || ' ' || trace_id || ' ' || left(details::text, 10000), '[^[:alnum:]]+', ' ', 'g')));
