-- Single sign-on, SCIM.
select 1;
