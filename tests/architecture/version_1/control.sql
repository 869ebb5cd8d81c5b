-- What the code of the first version says to the control plane's schema; see tenant.sql; as of migration 0001.
insert into tenants (tenant_id, name, plan, plan_version, contact_email, state, created_by, created_at, updated_at)
values ('version-one', 'One', 'pro', 1, 'ops@one.example', 'provisioning', 'root', now(), now())
on conflict do nothing returning tenant_id;
insert into users (id, email, name, password_hash, is_super_admin, created_at, disabled_at)
values ('00000000-0000-7000-8000-00000000000a', 'one@one.example', 'One', 'scrypt', false, now(), null);
insert into memberships (user_id, tenant_id, role, created_at, last_used_at)
values ('00000000-0000-7000-8000-00000000000a', 'version-one', 'admin', now(), null);
insert into sessions (id, user_id, tenant_id, created_at, last_used_at, revoked_at, revoked_reason)
values ('00000000-0000-7000-8000-00000000000b', '00000000-0000-7000-8000-00000000000a', 'version-one', now(), now(), null,
    null);
insert into refresh_tokens (id, session_id, token_hash, created_at, expires_at, used_at, replaced_by)
values ('00000000-0000-7000-8000-00000000000c', '00000000-0000-7000-8000-00000000000b', sha256('version one'), now(),
    now(), null, null);
insert into signing_keys (kid, public_jwk, sealed_private_key, created_at, active_from, retire_at)
values ('version-one', '{}', '\x00', now(), now(), null);
insert into idempotency_keys (actor_id, key, fingerprint, status, body, created_at)
values ('one', 'k', 'f', 201, '\x00', now());
insert into events (id, kind, body, actor, trace_id, created_at)
values (gen_random_uuid(), 'tenant.requested', '{}', 'one', '-', now());
update tenants set state = 'active', updated_at = now() where tenant_id = 'version-one';
update memberships set last_used_at = now() where tenant_id = 'version-one';
update sessions set last_used_at = now(), tenant_id = 'version-one' where tenant_id = 'version-one';
update sessions set revoked_at = now(), revoked_reason = 'token_reused' where tenant_id = 'version-one';
update sessions set revoked_reason = 'signed_out' where tenant_id = 'version-one';
update refresh_tokens set used_at = now() where session_id = '00000000-0000-7000-8000-00000000000b';
update signing_keys set retire_at = now() where kid = 'version-one';
delete from idempotency_keys where actor_id = 'one';
delete from sessions where tenant_id = 'version-one';
select id, kind, body, actor, trace_id, created_at from events;
select actor_id, key, fingerprint, status, body, created_at from idempotency_keys;
select user_id, tenant_id, role, created_at, last_used_at from memberships;
select name, version, rank, limits, created_at from plans;
select id, session_id, token_hash, created_at, expires_at, used_at, replaced_by from refresh_tokens;
select id, user_id, tenant_id, created_at, last_used_at, revoked_at, revoked_reason from sessions;
select kid, public_jwk, sealed_private_key, created_at, active_from, retire_at from signing_keys;
select tenant_id, name, plan, plan_version, contact_email, state, created_by, created_at, updated_at from tenants;
select id, email, name, password_hash, is_super_admin, created_at, disabled_at from users;
