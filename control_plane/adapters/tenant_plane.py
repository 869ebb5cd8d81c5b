"""The tenant plane over HTTP: ``PUT /internal/tenants/{tenant_id}`` of ``shared/contracts/tenants.py``."""

from collections.abc import Awaitable, Callable

import httpx
import structlog
from pydantic import ValidationError

from control_plane.tenants.errors import TenantPlaneAway
from shared.contracts.tenants import TenantActual, TenantWanted
from shared.trace import current_trace_id

log = structlog.get_logger()
TIMEOUT = httpx.Timeout(30, connect=5)  # a schema takes about 0.2 s; a plane with many tenants to migrate takes longer


class HttpTenantPlane:
    """Whatever is wrong with the answer, the caller can only try again later; the log says what it was."""

    def __init__(self, client: httpx.AsyncClient, token: Callable[[], Awaitable[str]]) -> None:
        self._client = client
        self._token = token

    async def ensure_tenant(self, tenant_id: str, wanted: TenantWanted) -> TenantActual:
        try:
            response = await self._client.put(
                f"/internal/tenants/{tenant_id}",
                json=wanted.model_dump(),
                headers={"authorization": f"Bearer {await self._token()}", **_trace_headers()},
                timeout=TIMEOUT,
            )
        except httpx.TransportError as error:
            log.warning("tenant_plane_unreachable", tenant=tenant_id, error=repr(error))
            raise TenantPlaneAway(tenant_id) from error
        if not response.is_success:
            log.error("tenant_plane_refused", tenant=tenant_id, status=response.status_code, body=response.text[:500])
            raise TenantPlaneAway(tenant_id)
        try:
            actual = TenantActual.model_validate_json(response.content)
        except ValidationError as error:
            log.error("tenant_plane_answer_not_understood", tenant=tenant_id, body=response.text[:500])
            raise TenantPlaneAway(tenant_id) from error
        if actual.state != wanted.state:
            log.error("tenant_plane_disagrees", tenant=tenant_id, wanted=wanted.state, actual=actual.state)
            raise TenantPlaneAway(tenant_id)
        return actual


def _trace_headers() -> dict[str, str]:
    """The same trace goes on over there, when there is one."""
    trace_id = current_trace_id.get()
    return {} if len(trace_id) != 32 else {"traceparent": f"00-{trace_id}-{trace_id[:16]}-01"}
