"""From a bearer token to an Actor. API keys belong to a tenant's plane and open nothing here.

Tokens are not looked up: signing out, or taking a role away, takes effect when the access token ends, at most fifteen
minutes later.
"""

from collections.abc import Awaitable, Callable

from starlette.requests import Request

from control_plane.core.permissions import ROLES, SUPER_ADMIN
from shared.errors import Forbidden, Unauthorized
from shared.tokens import Claims, Verifier
from shared.tx import Actor, Tenant
from shared.web.operations import Operation


def bearer_authentication(verifier: Verifier) -> Callable[[Request, Operation], Awaitable[Actor]]:
    async def authenticate(request: Request, operation: Operation) -> Actor:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthorized(
                "Sign in first: this needs Authorization: Bearer with a token; API keys are not valid here."
            )
        actor = actor_of(await verifier.verify(token.strip()))
        check_asserted_tenant(actor, request.headers.get("x-tenant-id"))
        return actor

    return authenticate


def actor_of(claims: Claims) -> Actor:
    """A super-admin acts for no tenant: a token that names both gets no permissions at all."""
    tenant = None if claims.tenant_id is None else Tenant(id=claims.tenant_id, schema="")
    contradiction = (claims.role == SUPER_ADMIN) != (tenant is None)
    return Actor(
        id=claims.sub,
        kind="user",
        name=claims.email,
        role=claims.role,
        permissions=frozenset() if contradiction or claims.role == "system" else ROLES.get(claims.role, frozenset()),
        tenant=tenant,
    )


def check_asserted_tenant(actor: Actor, asserted: str | None) -> None:
    """``x-tenant-id`` chooses nothing: it equals the tenant of the credential, or the request is refused."""
    if asserted is not None and (actor.tenant is None or actor.tenant.id != asserted):
        raise Forbidden("x-tenant-id names another tenant than the one this token is for.")
