"""From a request's credential to an Actor. The tenant comes from it; ``x-tenant-id``, and a WebSocket's
``?tenant_id=``, are only assertions.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import HTTPConnection, Request
from starlette.websockets import WebSocket

from shared.errors import Forbidden, Unauthorized
from shared.tokens import Verifier
from shared.tx import Actor
from shared.web.operations import Operation
from tenant_plane.core.api_keys import PREFIX, ApiKeys
from tenant_plane.core.directory import TenantDirectory
from tenant_plane.core.impersonations import Impersonations
from tenant_plane.core.permissions import LOOKING_AROUND, OUTLIVING, ROLES

SCHEMES = ("bearer", "geniekey")
"""Opsgenie's clients say GenieKey."""


@dataclass(frozen=True, slots=True)
class Actors:
    verifier: Verifier
    keys: ApiKeys
    directory: TenantDirectory
    impersonations: Impersonations

    async def of_request(self, request: Request, operation: Operation) -> Actor:
        return await self.of_connection(request, in_query=operation.access == "ingest")

    async def of_connection(self, connection: HTTPConnection, *, in_query: bool = False) -> Actor:
        """Raises Unauthorized without a good credential, Forbidden when ``x-tenant-id`` names another tenant."""
        credential = credential_of(connection, in_query=in_query)
        if credential is None:
            raise Unauthorized("This needs a credential: Authorization: Bearer <token or API key>, or X-API-Key.")
        actor = await self.of_credential(credential)
        asserted = connection.headers.get("x-tenant-id")
        if asserted is not None and (actor.tenant is None or asserted != actor.tenant.id):
            raise Forbidden("x-tenant-id names another tenant than this credential belongs to.")
        return actor

    async def of_socket(self, socket: WebSocket, credential: str) -> Actor:
        """For a credential that came in a message. A browser can set no header here and asserts by ``?tenant_id=``."""
        actor = await self.of_credential(credential)
        asserted = [*socket.headers.getlist("x-tenant-id"), *socket.query_params.getlist("tenant_id")]
        if any(actor.tenant is None or tenant_id != actor.tenant.id for tenant_id in asserted):
            raise Forbidden("This WebSocket was opened for another tenant than this credential belongs to.")
        return actor

    async def of_credential(self, credential: str) -> Actor:
        if credential.startswith(PREFIX):
            return await self.keys.verify(credential)
        claims = await self.verifier.verify(credential)
        if claims.tenant_id is None or claims.role not in ROLES or claims.role == "system":
            raise Forbidden("This token does not belong to a tenant.")
        self.directory.require_served(claims.tenant_id)
        tenant = await self.directory.find(claims.tenant_id)
        if tenant is None:
            raise Unauthorized("This token is not valid.")
        name, permissions = claims.email, ROLES[claims.role]
        if claims.impersonated_by is not None:
            running = await self.impersonations.require_running(tenant, claims.sid)
            name = f"{claims.impersonated_by} as {claims.role}"
            permissions = LOOKING_AROUND if running.read_only else permissions - OUTLIVING
        return Actor(
            id=claims.sub,
            kind="user",
            name=name,
            role=claims.role,
            permissions=permissions,
            tenant=tenant,
            impersonated_by=claims.impersonated_by,
            session_id=claims.sid,
            requests_per_minute=await self.directory.rate_of(tenant.id, claims.role),
            expires_at=datetime.fromtimestamp(claims.exp, UTC),
        )


def credential_of(connection: HTTPConnection, *, in_query: bool = False) -> str | None:
    """``?api_key=`` and ``?token=`` only where senders can set no header; they never reach a log."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() in SCHEMES and token.strip():
        return token.strip()
    if key := connection.headers.get("x-api-key"):
        return key
    if in_query:
        return (
            connection.query_params.get("api_key")
            or connection.query_params.get("token")
            or connection.scope.get("key_in_body")
        )
    return None
