-- What the code of the first version says to the schema of a tenant plane, as of migration 0001, as its owner; see
-- tenant.sql.
insert into tenants (tenant_id, schema_name, name, plan, state, schema_version)
values ('version-one', 't_version_one', 'One', 'pro', 'active', 1) returning state, schema_version;
update tenants set name = 'Uno', plan = 'free', state = 'suspended', updated_at = now() where tenant_id = 'version-one'
returning state, schema_version;
insert into spares (schema_name, schema_version) values ('t_spare_version_one', 1);
delete from spares where schema_name = 't_spare_version_one' returning schema_name, schema_version;
insert into signing_keys (kid, jwk) values ('version-one', '{}');
update signing_keys set jwk = '{"a": 1}', fetched_at = now() where kid = 'version-one';
select kid, jwk, fetched_at from signing_keys;
select schema_name, schema_version, created_at from spares;
select tenant_id, schema_name, name, plan, state, schema_version, created_at, updated_at from tenants;
