-- Super-admins who act in this tenant, as the control plane told it before it issued their token.
create table impersonations (
    id uuid primary key,
    by text not null,
    reason text not null,
    read_only boolean not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    ended_at timestamptz
);

create index impersonations_newest on impersonations (starts_at desc, id desc);
