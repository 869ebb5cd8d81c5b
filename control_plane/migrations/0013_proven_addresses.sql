-- An address is proven once somebody used a link that went to it by mail, and was shown to nobody else.
alter table users add column email_verified_at timestamptz;

comment on column users.email_verified_at is
    'Null: whoever made the account has not shown that the address is theirs. A new password by mail takes it from them, second factor and all.';

update users set email_verified_at = created_at;

alter table invitations add column mailed_at timestamptz;

comment on column invitations.mailed_at is 'When its newest link left by mail; null for one that was shown to whoever invites.';
