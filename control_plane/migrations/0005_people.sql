-- People: second factors, waits after wrong passwords, invitations, password resets, impersonations.
alter table users add column time_zone text;

alter table sessions
    add column address text,
    add column has_second_factor boolean not null default false;

comment on column sessions.has_second_factor is 'Opened with a one-time code as well; a super-admin''s session without one may only set one up.';

create index sessions_own on sessions (user_id, created_at desc, id desc) where revoked_at is null;
create index memberships_newest on memberships (tenant_id, created_at desc, user_id desc);

create table second_factors (
    user_id uuid primary key references users on delete cascade,
    sealed_secret bytea not null,
    created_at timestamptz not null,
    confirmed_at timestamptz,
    last_step bigint
);

comment on column second_factors.last_step is 'The newest time step (RFC 6238) whose code was used; no code of it or of an earlier one counts again.';

create table recovery_codes (
    user_id uuid not null references second_factors on delete cascade,
    code_hash bytea not null check (octet_length(code_hash) = 32),
    primary key (user_id, code_hash)
);

comment on table recovery_codes is 'Those that are left: a code is deleted when it is used.';

create table sign_in_tries (
    subject bytea not null check (octet_length(subject) = 32),
    origin text not null,
    failures int not null,
    waits int not null,
    last_failed_at timestamptz not null,
    locked_until timestamptz,
    primary key (subject, origin)
);

comment on table sign_in_tries is 'Wrong passwords and codes. subject: the SHA-256 of an e-mail address as it was typed, or of a network address; origin: the network address that the account signed in from before, or empty for all others together.';

create index sign_in_tries_last on sign_in_tries (last_failed_at);

create table known_addresses (
    user_id uuid not null references users on delete cascade,
    address text not null,
    last_used_at timestamptz not null,
    primary key (user_id, address)
);

create index known_addresses_last on known_addresses (last_used_at);

create table invitations (
    id uuid primary key,
    tenant_id text not null references tenants,
    email text not null check (email = lower(email)),
    role text not null check (role in ('viewer', 'operator', 'admin')),
    token_hash bytea not null unique check (octet_length(token_hash) = 32),
    invited_by text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    accepted_at timestamptz,
    revoked_at timestamptz
);

create unique index invitations_open on invitations (tenant_id, email) where accepted_at is null and revoked_at is null;
create index invitations_newest on invitations (tenant_id, created_at desc, id desc)
    where accepted_at is null and revoked_at is null;
create index invitations_all on invitations (tenant_id);

create table password_resets (
    token_hash bytea primary key check (octet_length(token_hash) = 32),
    user_id uuid not null references users on delete cascade,
    created_at timestamptz not null,
    expires_at timestamptz not null
);

create index password_resets_user on password_resets (user_id, created_at);
create index password_resets_expires on password_resets (expires_at);

create table impersonations (
    id uuid primary key,
    tenant_id text not null references tenants,
    user_id uuid not null references users on delete cascade,
    by text not null,
    reason text not null,
    read_only boolean not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null check (ends_at > starts_at),
    ended_at timestamptz,
    ended_by text,
    told_at timestamptz,
    check ((ended_at is null) = (ended_by is null))
);

comment on column impersonations.told_at is 'When the tenant''s plane learned the row as it stands; no token was issued before.';

create index impersonations_newest on impersonations (tenant_id, starts_at desc, id desc);
create index impersonations_user on impersonations (user_id);
create index impersonations_untold on impersonations (ends_at) where told_at is null;

create or replace function seats_of(tenant_ids text[]) returns table (tenant_id text, seats bigint) language plpgsql stable as $$
begin
    return query
        select s.tenant_id, count(*) from (
            select m.tenant_id from memberships m where m.tenant_id = any (tenant_ids)
            union all
            select i.tenant_id from invitations i
            where i.tenant_id = any (tenant_ids) and i.accepted_at is null and i.revoked_at is null and i.expires_at > now()
        ) s group by s.tenant_id;
end $$;
