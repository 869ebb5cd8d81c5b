"""SCIM 2.0 (RFC 7643, RFC 7644): a tenant's directory keeps the tenant's members, through a token of its own."""
