"""Tenants: our customers, the state each is in, and making a new one usable in the tenant plane."""
