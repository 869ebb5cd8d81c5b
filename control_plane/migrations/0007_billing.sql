-- Stripe's side of our tenants: customers, a mirror of their subscriptions, what we want of Stripe, what it told us.
create table billing_customers (
    tenant_id text primary key references tenants,
    stripe_customer_id text unique,
    balance_cents bigint not null default 0,
    currency text,
    fetches bigint not null default 0,
    stored_fetch bigint not null default 0,
    suspension text,
    reconciled_at timestamptz,
    next_look_at timestamptz,
    failures int not null default 0,
    error text,
    created_at timestamptz not null
);

comment on column billing_customers.balance_cents is 'As Stripe has it: below 0 is a credit, above 0 a debt that the next invoice adds.';
comment on column billing_customers.fetches is 'Numbers the fetches; an answer whose fetch began before the one that is stored is thrown away.';
comment on column billing_customers.suspension is 'Why billing suspended the tenant; what a person suspended is never resumed by billing.';

create index billing_customers_due on billing_customers (next_look_at) where next_look_at is not null;

create table subscriptions (
    id text primary key,
    tenant_id text not null references tenants,
    status text not null check (status in (
        'incomplete', 'incomplete_expired', 'trialing', 'active', 'past_due', 'canceled', 'unpaid', 'paused'
    )),
    price_id text not null,
    plan text,
    plan_version int,
    amount_cents bigint,
    currency text not null,
    started_at timestamptz not null,
    current_period_end timestamptz not null,
    cancel_at_period_end boolean not null,
    cancel_at timestamptz,
    trial_end timestamptz,
    pause_collection text check (pause_collection in ('keep_as_draft', 'mark_uncollectible', 'void')),
    past_due_since timestamptz,
    pending_plan text,
    pending_at timestamptz,
    payment_url text,
    ended_at timestamptz,
    settled_at timestamptz,
    snapshot jsonb not null,
    reconciled_at timestamptz not null,
    check ((pending_plan is null) = (pending_at is null))
);

comment on table subscriptions is 'A mirror of what Stripe said last; changed by nothing else.';
comment on column subscriptions.plan is 'Null: no plan of ours is sold at this price.';
comment on column subscriptions.settled_at is 'When the end of it was acted upon, so that a plan given by hand later stays.';

create index subscriptions_tenant on subscriptions (tenant_id, started_at, id);

create table stripe_prices (
    id text primary key,
    lookup_key text not null,
    seen_at timestamptz not null
);

comment on table stripe_prices is 'A lookup key may move on to a new price; subscriptions to the old one are still known by it.';

create table billing_changes (
    id uuid primary key,
    tenant_id text not null references tenants,
    kind text not null check (kind in (
        'checkout', 'upgrade', 'downgrade', 'keep', 'cancel', 'cancel_now', 'pause', 'resume', 'credit'
    )),
    state text not null check (state in ('wanted', 'done', 'failed')),
    details jsonb not null check (jsonb_typeof(details) = 'object'),
    result jsonb,
    error text,
    attempts int not null default 0,
    requested_by text not null,
    requested_by_name text not null,
    created_at timestamptz not null,
    next_try_at timestamptz,
    finished_at timestamptz,
    check ((finished_at is null) = (state = 'wanted')),
    check ((next_try_at is null) = (state <> 'wanted'))
);

comment on table billing_changes is 'What is wanted of Stripe, committed before Stripe is called; the ids make the idempotency keys.';

create unique index billing_changes_unfinished on billing_changes (tenant_id) where state = 'wanted';
create index billing_changes_due on billing_changes (next_try_at) where state = 'wanted';
create index billing_changes_tenant on billing_changes (tenant_id, kind, created_at desc);

create table stripe_events (
    id text primary key,
    type text not null,
    created timestamptz not null,
    stripe_customer_id text,
    payload jsonb not null,
    received_at timestamptz not null,
    processed_at timestamptz,
    outcome text check (outcome in ('reconciled', 'ignored')),
    error text,
    attempts int not null default 0,
    next_try_at timestamptz,
    check ((processed_at is null) = (outcome is null)),
    check ((processed_at is null) = (next_try_at is not null))
);

create index stripe_events_due on stripe_events (next_try_at) where next_try_at is not null;
create index stripe_events_received on stripe_events (received_at);

create table meter_reports (
    tenant_id text not null references tenants,
    meter text not null,
    day date not null,
    amount bigint not null check (amount > 0),
    stripe_customer_id text not null,
    wanted_at timestamptz not null,
    sent_at timestamptz,
    attempts int not null default 0,
    error text,
    next_try_at timestamptz,
    primary key (tenant_id, meter, day),
    check ((sent_at is null) or (next_try_at is null))
);

comment on table meter_reports is 'Usage told to Stripe, at most once a tenant and day: the amount is fixed before it is sent.';

create index meter_reports_due on meter_reports (next_try_at) where next_try_at is not null;
