"""Which rows of the control plane belong to a tenant and go along with it.

A list and not a rule, since it crosses all domains: a domain with a table about tenants puts it here, or says in
LEFT_OUT why it stays behind. A test compares both with the catalogue. What becomes of the rows at the other end is
decided in ``restoring.py``.
"""

from dataclasses import dataclass

AUDIT = "audit_log"
USERS = "users"


@dataclass(frozen=True, slots=True)
class TenantTable:
    """``users`` and ``user_lists``: columns with ids of people, who may have other ids at the destination."""

    name: str
    where: str = "tenant_id = :tenant_id"
    users: tuple[str, ...] = ()
    user_lists: tuple[str, ...] = ()


MEMBERS = "select user_id from memberships where tenant_id = :tenant_id"
TABLES = (
    TenantTable(USERS, where=f"id in ({MEMBERS})"),
    TenantTable("memberships", users=("user_id",)),
    TenantTable("second_factors", where=f"user_id in ({MEMBERS})", users=("user_id",)),
    TenantTable("recovery_codes", where=f"user_id in ({MEMBERS})", users=("user_id",)),
    TenantTable("invitations"),
    TenantTable("limit_overrides"),
    TenantTable("usage_days"),
    TenantTable("usage_shares"),
    TenantTable("sso_connections", user_lists=("break_glass_user_ids",)),
    TenantTable("sso_identities", users=("user_id",)),
    TenantTable("sign_in_policies", user_lists=("exempt_user_ids",)),
    TenantTable("scim_tokens"),
    TenantTable("scim_users", users=("user_id",)),
    TenantTable(AUDIT),
)
"""Referenced ones first; an archive keeps to this order. The audit log is written out and not read back: its entries
are links of the chain that they were made in, and another installation's chain has no place for them.
"""
LEFT_OUT = {
    "tenants": "the archive's own description has it",
    "sessions": "who was signed in there signs in here",
    "operations": "what was done to it there; the audit log tells",
    "impersonations": "super-admins of the other installation; the tenant's own log has them",
    "deployments": "where it ran",
    "rollout_turns": "where it ran",
    "orphans": "where it ran",
    "billing_customers": "Stripe's accounts know one installation; the new one makes its own",
    "subscriptions": "Stripe's accounts know one installation; the new one makes its own",
    "billing_changes": "Stripe's accounts know one installation; the new one makes its own",
    "disputes": "Stripe's accounts know one installation; the new one makes its own",
    "meter_reports": "Stripe's accounts know one installation; the new one makes its own",
}
