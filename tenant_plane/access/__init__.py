"""Access: the API keys of a tenant, and what the caller may do."""
