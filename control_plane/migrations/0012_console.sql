-- What the console shows besides: disputes as Stripe has them, and what each cell answers in a minute, and to whom.
create table disputes (
    id text primary key,
    tenant_id text not null references tenants,
    charge_id text not null,
    amount_cents bigint not null,
    currency text not null,
    reason text not null,
    status text not null check (status in (
        'warning_needs_response', 'warning_under_review', 'warning_closed', 'needs_response', 'under_review', 'won', 'lost',
        'prevented'
    )),
    evidence_due_at timestamptz,
    has_evidence boolean not null,
    is_live boolean not null,
    opened_at timestamptz not null,
    fetched_at timestamptz not null
);

comment on table disputes is 'A mirror of what Stripe said last; changed by nothing else.';
comment on column disputes.evidence_due_at is 'Null: the bank takes no answer.';

create index disputes_tenant on disputes (tenant_id, opened_at desc, id desc);

alter table cells
    add column requests_last_minute bigint,
    add column errors_last_minute bigint,
    add column busiest jsonb not null default '[]' check (jsonb_typeof(busiest) = 'array');

comment on column cells.busiest is 'Tenants with most requests in that minute: [{"tenant_id", "requests"}].';
