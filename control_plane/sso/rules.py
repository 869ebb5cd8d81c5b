"""Whom a tenant's provider may vouch for, and as what.

A connection names e-mail domains, but nobody proves owning them; what keeps people safe is that a connection speaks
for its own tenant only (infra/docs/decisions/0010-sso-boundary.md).
"""

from collections.abc import Collection, Mapping
from enum import StrEnum

ROLES_BY_LEVEL = ("viewer", "operator", "admin")
LONGEST_PATH = 500


class Refusal(StrEnum):
    """The codes that the sign-in page gets, as ``/login?error=``; the page has the words."""

    UNKNOWN = "sso_unknown"
    EXPIRED = "sso_expired"
    DENIED = "sso_denied"
    PROVIDER = "sso_provider"
    EMAIL = "sso_email"
    NO_ACCESS = "sso_no_access"
    NO_ROLE = "sso_no_role"
    LINKED = "sso_linked"
    QUOTA = "sso_quota"


def domain_of(email: str) -> str:
    return email.rpartition("@")[2]


def is_email_proven(said: bool | None, is_trusted: bool) -> bool:
    """``said``: the claim email_verified. A trusted provider may leave it out (Entra does); none may deny it."""
    return said is True or (said is None and is_trusted)


def mapped_role(groups: Collection[str], mapping: Mapping[str, str], default: str | None) -> str | None:
    """The highest role that one of the groups gives, else the default; None is no access."""
    given = {mapping[group] for group in groups if group in mapping}
    return max(given, key=ROLES_BY_LEVEL.index) if given else default


def own_path(path: str | None) -> str:
    """``path`` when it leads to a page of this origin, else ``/``."""
    usable = (
        path is not None
        and path.startswith("/")
        and not path.startswith("//")
        and "\\" not in path
        and path.isprintable()
        and len(path) <= LONGEST_PATH
    )
    return path if path is not None and usable else "/"
