"""What each role may do, in words, for whoever gives somebody a role. A test compares it with the permissions."""

from collections.abc import Mapping
from dataclasses import dataclass

from control_plane.identity.rules.seats import Role


@dataclass(frozen=True, slots=True)
class RoleInWords:
    level: int
    permissions: Mapping[str, str]
    """By the permission's name. Each role has what the one below it has, and more."""


_VIEWER = {
    "alerts:read": "See alerts and what was received",
    "incidents:read": "See incidents and their timelines",
    "permissions:read": "See what they may do themselves",
    "usage:read": "See the plan's limits and what was used",
}
_OPERATOR = {
    **_VIEWER,
    "alerts:ingest": "Send alerts",
    "dead_letters:manage": "Replay payloads that could not be read",
    "dead_letters:read": "See payloads that could not be read, which may hold senders' credentials",
    "incidents:write": "Open, acknowledge, change and resolve incidents",
}
_ADMIN = {
    **_OPERATOR,
    "api_keys:manage": "Make and revoke API keys",
    "api_keys:read": "See API keys and their last use",
    "audit:read": "See the audit log and export it",
    "impersonations:read": "See when a super-admin acted in the tenant",
    "members:manage": "Invite people, change roles, deactivate and remove people",
    "billing:manage": "Change the plan and how it is paid",
    "sso:manage": "Set up single sign-on and SCIM",
}
ROLES_IN_WORDS: Mapping[Role, RoleInWords] = {
    Role.VIEWER: RoleInWords(1, _VIEWER),
    Role.OPERATOR: RoleInWords(2, _OPERATOR),
    Role.ADMIN: RoleInWords(3, _ADMIN),
}
