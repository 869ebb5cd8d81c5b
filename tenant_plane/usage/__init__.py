"""Usage: what a tenant has used this month, and whether its plan has room for more."""
