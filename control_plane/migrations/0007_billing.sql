-- Customers, subscriptions, the inbox.
select 1;
