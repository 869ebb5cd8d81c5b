"""Signing keys and impersonations, for super-admins; and the public keys, for everybody."""

import json
from collections.abc import Awaitable, Callable
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from control_plane.identity import service
from control_plane.identity.errors import ImpersonationNotFound, KeyWaiting, NobodyToImpersonate
from control_plane.identity.keys import SigningKeys
from control_plane.identity.rest.doors import impersonations_of, keys_of, not_cached
from control_plane.identity.schemas import (
    ImpersonationQuery,
    ImpersonationRead,
    ImpersonationStart,
    ImpersonationStarted,
    KeyRotation,
    SigningKeysRead,
)
from control_plane.tenants.errors import PlaneFailed, TenantNotFound
from shared.contracts.tenants import TenantId
from shared.errors import AppError
from shared.pages import Page
from shared.tx import Actor, ReadTx
from shared.web.errors import on_app_error
from shared.web.operations import Api

api = Api(tag="auth", kind="Impersonation", plural="impersonations")


@api.get("/api/auth/signing-keys", kind="SigningKey", plural="keys")
async def list_signing_keys(tx: ReadTx) -> SigningKeysRead:
    """Keys that sign or are believed, oldest first; for super-admins."""
    return await service.read_signing_keys(tx)


@api.post("/api/auth/signing-keys/rotate", kind="SigningKey", plural="keys", errors=[KeyWaiting])
async def rotate_signing_keys(request: Request, actor: Actor, body: KeyRotation) -> SigningKeysRead:
    """Publish a new signing key; no request fails.

    It signs once every plane knows it, and the one before is believed until the last token that it signed has ended.
    ``immediately`` is for a key that may have leaked: no token signed before counts any more.
    """
    return await keys_of(request).rotate(actor, immediately=body.immediately)


@api.post(
    "/api/tenants/{tenant_id}/impersonations",
    status=201,
    idempotent=False,
    errors=[TenantNotFound, NobodyToImpersonate, PlaneFailed],
)
async def start_impersonation(
    request: Request, actor: Actor, tenant_id: TenantId, body: ImpersonationStart
) -> ImpersonationStarted:
    """Act inside a tenant for up to an hour, for a reason that its admins can read; for super-admins.

    Read-only unless ``write``. The token opens the tenant's plane, and ends with the impersonation.
    """
    not_cached(request)
    return await impersonations_of(request).start(actor, tenant_id, body)


@api.get("/api/tenants/{tenant_id}/impersonations", errors=[TenantNotFound])
async def list_tenant_impersonations(
    tx: ReadTx, tenant_id: TenantId, query: ImpersonationQuery
) -> Page[ImpersonationRead]:
    """Who acted inside the tenant, when and why, newest first; for super-admins."""
    return await service.list_impersonations(tx, tenant_id, query)


@api.delete("/api/tenants/{tenant_id}/impersonations/{impersonation_id}", errors=[ImpersonationNotFound])
async def end_impersonation(
    request: Request, actor: Actor, tenant_id: TenantId, impersonation_id: UUID
) -> ImpersonationRead:
    """End an impersonation; its token stops working within five seconds of ``is_told``."""
    return await impersonations_of(request).end(actor, tenant_id, impersonation_id)


def jwks_route(keys: SigningKeys) -> Route:
    """RFC 7517, not in our envelope and outside the rate limit: planes and gateways of all kinds read it."""

    async def jwks(request: Request) -> Response:
        try:
            body = json.dumps(await keys.jwk_set())
        except AppError as error:
            return await on_app_error(request, error)
        return Response(body, headers={"cache-control": "public, max-age=60"}, media_type="application/json")

    endpoint: Callable[[Request], Awaitable[Response]] = jwks
    return Route("/.well-known/jwks.json", endpoint)
