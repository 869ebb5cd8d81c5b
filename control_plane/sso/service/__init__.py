"""The verbs of single sign-on: ``connections`` for admins, ``sign_in`` for people on their way in."""

from control_plane.sso.service.connections import (
    confirm_domains,
    connect,
    disconnect,
    forget_tenant,
    get_connection,
)
from control_plane.sso.service.sign_in import (
    admit,
    default_role,
    discover_connections,
    find_connection,
    forget_expired,
    is_break_glass,
    note_refusal,
    open_sso_session,
    start_attempt,
    take_attempt,
)

__all__ = [
    "admit",
    "confirm_domains",
    "connect",
    "default_role",
    "disconnect",
    "discover_connections",
    "find_connection",
    "forget_expired",
    "forget_tenant",
    "get_connection",
    "is_break_glass",
    "note_refusal",
    "open_sso_session",
    "start_attempt",
    "take_attempt",
]
