-- What a tenant's directory was refused last: its admins see no answer that the directory gets.
alter table scim_tokens add column last_refused_at timestamptz;
alter table scim_tokens add column last_refusal text;
