-- A tenant that waits for its deletion is told so, and until when it can still be restored.
alter table tenants add column delete_after timestamptz;

comment on column tenants.delete_after is 'Null: it is not to be deleted. Its state is suspended meanwhile.';
