"""Identity over REST: ``sessions``, ``accounts``, ``people`` of a tenant, and the ``powers`` of super-admins."""

from control_plane.identity.rest import accounts, people, powers, sessions
from control_plane.identity.rest.powers import jwks_route

__all__ = ["jwks_route", "operations"]

operations = [
    *sessions.api.operations,
    *accounts.api.operations,
    *people.api.operations,
    *powers.api.operations,
]
