"""Identity: users, their memberships in tenants, sessions, and the keys that sign what every plane believes."""
