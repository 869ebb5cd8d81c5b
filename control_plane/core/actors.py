"""From a bearer token to an Actor. API keys belong to a tenant's plane and open nothing here.

Tokens are not looked up: signing out, or taking a role away, takes effect when the access token ends, at most fifteen
minutes later. A super-admin without a second factor gets a token with which one can be set up, and nothing else; an
impersonation's token is for the tenant's plane, and here only tells whose it is.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from starlette.requests import Request

from control_plane.core.permissions import ENROLMENT, ROLES, SUPER_ADMIN, Permission
from shared.errors import Forbidden, Unauthorized
from shared.tokens import Claims, Verifier
from shared.tx import Actor, Tenant
from shared.web.operations import Operation

MAY_ENROL = frozenset({"begin_totp", "confirm_totp", "read_profile"})
"""Operations for a super-admin without a second factor."""


class TotpEnrolmentRequired(Forbidden):
    code = "TOTP_ENROLMENT_REQUIRED"

    def __init__(self) -> None:
        super().__init__("A super-admin needs a second factor: set one up, then sign in again with its code.")


def bearer_authentication(
    verifier: Verifier, rate_of_member: Callable[[str, str], Awaitable[int | None]]
) -> Callable[[Request, Operation], Awaitable[Actor]]:
    """``rate_of_member``: requests a minute, by tenant and role; None where the settings' own count."""

    async def authenticate(request: Request, operation: Operation) -> Actor:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthorized(
                "Sign in first: this needs Authorization: Bearer with a token; API keys are not valid here."
            )
        claims = await verifier.verify(token.strip())
        actor = actor_of(claims)
        if actor.role == SUPER_ADMIN and not claims.second_factor and operation.id not in MAY_ENROL:
            raise TotpEnrolmentRequired
        check_asserted_tenant(actor, request.headers.get("x-tenant-id"))
        if actor.tenant is None:
            return actor
        return replace(actor, requests_per_minute=await rate_of_member(actor.tenant.id, actor.role))

    return authenticate


def actor_of(claims: Claims) -> Actor:
    """A super-admin acts for no tenant: a token that names both gets no permissions at all."""
    tenant = None if claims.tenant_id is None else Tenant(id=claims.tenant_id, schema="")
    return Actor(
        id=claims.sub,
        kind="user",
        name=claims.email,
        role=claims.role,
        permissions=_permissions_of(claims),
        tenant=tenant,
        impersonated_by=claims.impersonated_by,
        session_id=claims.sid,
    )


def _permissions_of(claims: Claims) -> frozenset[Permission]:
    if (claims.role == SUPER_ADMIN) != (claims.tenant_id is None) or claims.role == "system":
        return frozenset()
    granted = ROLES.get(claims.role, frozenset())
    if claims.impersonated_by is not None:
        return granted & {Permission.PROFILE_READ}
    if claims.role == SUPER_ADMIN and not claims.second_factor:
        return granted & ENROLMENT
    return granted - {Permission.ACCOUNT_MANAGE} if claims.method == "sso" else granted


def check_asserted_tenant(actor: Actor, asserted: str | None) -> None:
    """``x-tenant-id`` chooses nothing: it equals the tenant of the credential, or the request is refused."""
    if asserted is not None and (actor.tenant is None or actor.tenant.id != asserted):
        raise Forbidden("x-tenant-id names another tenant than the one this token is for.")
