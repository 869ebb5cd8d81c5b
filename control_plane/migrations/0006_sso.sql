-- Single sign-on, SCIM.
create table sso_connections (
    id uuid primary key,
    tenant_id text not null unique references tenants,
    issuer text not null,
    client_id text not null,
    sealed_client_secret bytea,
    display_name text not null,
    email_domains text[] not null check (array_position(email_domains, null) is null),
    confirmed_domains text[] not null check (confirmed_domains <@ email_domains),
    group_claim text not null,
    role_mapping jsonb not null check (jsonb_typeof(role_mapping) = 'object'),
    default_role text check (default_role in ('viewer', 'operator', 'admin')),
    create_users boolean not null,
    is_email_trusted boolean not null,
    is_enforced boolean not null,
    break_glass_user_ids uuid[] not null check (array_position(break_glass_user_ids, null) is null),
    version int not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

comment on column sso_connections.confirmed_domains is
    'Those by which strangers find the connection; a super-admin confirms them, since nobody proves owning a domain here.';

create index sso_connections_confirmed_domains on sso_connections using gin (confirmed_domains);

create table sso_attempts (
    state_hash bytea primary key check (octet_length(state_hash) = 32),
    connection_id uuid not null references sso_connections on delete cascade,
    browser_hash bytea not null check (octet_length(browser_hash) = 32),
    nonce text not null,
    code_verifier text not null,
    next_path text not null,
    expires_at timestamptz not null
);

create index sso_attempts_connection on sso_attempts (connection_id);
create index sso_attempts_expires on sso_attempts (expires_at);

create table sso_exchanges (
    code_hash bytea primary key check (octet_length(code_hash) = 32),
    connection_id uuid not null references sso_connections on delete cascade,
    user_id uuid not null references users on delete cascade,
    browser_hash bytea not null check (octet_length(browser_hash) = 32),
    expires_at timestamptz not null
);

create index sso_exchanges_connection on sso_exchanges (connection_id);
create index sso_exchanges_user on sso_exchanges (user_id);
create index sso_exchanges_expires on sso_exchanges (expires_at);

create table sso_identities (
    connection_id uuid not null references sso_connections on delete cascade,
    subject text not null,
    user_id uuid not null,
    tenant_id text not null,
    created_at timestamptz not null,
    last_used_at timestamptz not null,
    primary key (connection_id, subject),
    unique (connection_id, user_id),
    foreign key (user_id, tenant_id) references memberships (user_id, tenant_id) on delete cascade
);

comment on table sso_identities is 'Who a subject of a provider is here. It goes with the membership, so a person who is invited anew is linked anew.';

create index sso_identities_member on sso_identities (user_id, tenant_id);

create table sign_in_policies (
    tenant_id text primary key references tenants,
    sso_domains text[] not null,
    exempt_user_ids uuid[] not null
);

comment on table sign_in_policies is 'Into this tenant no password lets members whose address is in one of the domains, except the exempt.';

alter table sessions add column method text not null default 'password' check (method in ('password', 'sso'));

comment on column sessions.method is 'A session that single sign-on opened never leaves its tenant and never acts on the account itself.';

alter table memberships add column deactivated_at timestamptz;

comment on column memberships.deactivated_at is 'Since when the member may not work in the tenant; other tenants of theirs are not touched.';

create index memberships_admins on memberships (tenant_id) where role = 'admin' and deactivated_at is null;

alter table sessions drop constraint sessions_revoked_reason_check;
-- contract: the same check, wider
alter table sessions add constraint sessions_revoked_reason_check check (revoked_reason ~ '^[a-z_]{1,40}$');

create table scim_tokens (
    tenant_id text primary key references tenants,
    token_hash bytea not null unique check (octet_length(token_hash) = 32),
    created_by text not null,
    created_at timestamptz not null,
    last_used_at timestamptz
);

create table scim_users (
    tenant_id text not null,
    user_id uuid not null,
    user_name text not null check (user_name = lower(user_name)),
    external_id text,
    resource jsonb not null check (jsonb_typeof(resource) = 'object'),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (tenant_id, user_id),
    unique (tenant_id, user_name),
    foreign key (user_id, tenant_id) references memberships (user_id, tenant_id) on delete cascade
);

create index scim_users_member on scim_users (user_id, tenant_id);
create index scim_users_external on scim_users (tenant_id, external_id);
