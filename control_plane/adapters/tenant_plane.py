"""Tenant planes over HTTP: ``/internal/tenants/{tenant_id}`` of ``shared/contracts/tenants.py`` and ``archive.py``.

The shared plane has a client of its own, which may lead into the same process; all others, each dedicated to a tenant,
are reached by their URL. What one of them is sent must not open another: each gets tokens for itself alone.
"""

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date
from typing import Any, TypeVar

import httpx
import structlog
from pydantic import BaseModel, ValidationError

from control_plane.tenants.errors import ArchiveRefused, PlaneFailed
from shared.contracts.archive import ArchiveDigest, ExportNote
from shared.contracts.fleet import FleetHealth
from shared.contracts.impersonations import Impersonation
from shared.contracts.tenants import TenantActual, TenantWanted
from shared.contracts.usage import UsageReport
from shared.trace import current_trace_id

log = structlog.get_logger()
TIMEOUT = httpx.Timeout(30, connect=5)  # a schema takes about 0.2 s; a plane with many tenants to migrate takes longer
SHORT_TIMEOUT = httpx.Timeout(3)
LONG_TIMEOUT = httpx.Timeout(600, connect=5)
"""Between two signs of life: a restored tenant is answered only after all its rows are in."""
M = TypeVar("M", bound=BaseModel)


class Refusal(BaseModel):
    detail: str


class HttpTenantPlane:
    """Whatever is wrong with an answer, the caller can only try again later; the log says what it was."""

    def __init__(
        self,
        shared: httpx.AsyncClient,
        others: httpx.AsyncClient,
        token: Callable[[str | None], Awaitable[str]],
        tenant_at: Callable[[str], str],
    ) -> None:
        """``token``: for the plane of that tenant, or the shared one. ``tenant_at``: whose plane another URL is."""
        self._shared = shared
        self._others = others
        self._token = token
        self._tenant_at = tenant_at

    async def ensure_tenant(self, url: str, tenant_id: str, wanted: TenantWanted) -> TenantActual:
        body = wanted.model_dump(mode="json", exclude_none=True)  # an older plane refuses a field it does not know
        async with self._asked(url, "PUT", f"/internal/tenants/{tenant_id}", json=body) as response:
            actual = await _answer(response, TenantActual)
        is_behind = actual.generation < wanted.generation
        if is_behind or (actual.generation == wanted.generation and actual.state != wanted.state):
            log.error("tenant_plane_disagrees", tenant=tenant_id, wanted=wanted.state, actual=actual.model_dump())
            raise PlaneFailed(f"The tenant plane has {tenant_id} as {actual.state}, not as {wanted.state}.")
        return actual

    async def remove_tenant(self, url: str, tenant_id: str) -> None:
        async with self._asked(url, "DELETE", f"/internal/tenants/{tenant_id}", allowed=(404,), timeout=LONG_TIMEOUT):
            pass

    async def put_impersonation(self, url: str, tenant_id: str, wanted: Impersonation) -> None:
        path = f"/internal/tenants/{tenant_id}/impersonations/{wanted.id}"
        async with self._asked(url, "PUT", path, json=wanted.model_dump(mode="json"), timeout=SHORT_TIMEOUT):
            pass

    async def fleet(self, url: str) -> FleetHealth:
        async with self._asked(url, "GET", "/internal/fleet", timeout=SHORT_TIMEOUT) as response:
            return await _answer(response, FleetHealth)

    async def digest(self, url: str, tenant_id: str) -> ArchiveDigest | None:
        path = f"/internal/tenants/{tenant_id}/archive/digest"
        async with self._asked(url, "GET", path, allowed=(404,), timeout=LONG_TIMEOUT) as response:
            return None if response.status_code == 404 else await _answer(response, ArchiveDigest)

    async def copy_tenant(self, source: str, destination: str, tenant_id: str) -> None:
        path = f"/internal/tenants/{tenant_id}/archive"
        async with (
            self._asked(source, "GET", path, timeout=LONG_TIMEOUT) as archive,
            self._asked(destination, "PUT", path, timeout=LONG_TIMEOUT, content=archive.aiter_bytes()) as response,
        ):
            await _answer(response, ArchiveDigest)

    async def note_export(self, url: str, tenant_id: str, note: ExportNote) -> None:
        body = note.model_dump(mode="json")
        async with self._asked(url, "POST", f"/internal/tenants/{tenant_id}/export", json=body):
            pass

    @asynccontextmanager
    async def export(self, url: str, tenant_id: str) -> AsyncIterator[AsyncIterator[bytes]]:
        path = f"/internal/tenants/{tenant_id}/export"
        async with self._asked(url, "GET", path, timeout=LONG_TIMEOUT) as response:
            yield response.aiter_bytes()

    async def restore(self, url: str, tenant_id: str, archive: AsyncIterable[bytes]) -> ArchiveDigest | None:
        path = f"/internal/tenants/{tenant_id}/archive"
        async with self._asked(url, "PUT", path, allowed=(409, 422), timeout=LONG_TIMEOUT, content=archive) as response:
            if response.status_code == 409:
                return None
            if response.status_code == 422:
                raise ArchiveRefused((await _answer(response, Refusal)).detail)
            return await _answer(response, ArchiveDigest)

    async def usage(self, url: str, since: date, after: str | None) -> UsageReport:
        parameters = {"since": since.isoformat()} | ({} if after is None else {"after": after})
        async with self._asked(url, "GET", "/internal/usage", params=parameters) as response:
            return await _answer(response, UsageReport)

    @asynccontextmanager
    async def _asked(
        self, url: str, method: str, path: str, *, allowed: tuple[int, ...] = (), **request: Any
    ) -> AsyncIterator[httpx.Response]:
        """A successful answer, or one of the ``allowed`` statuses; its body is not read yet."""
        if url == str(self._shared.base_url):
            client, target, pinned_tenant = self._shared, path, None
        else:
            client, target, pinned_tenant = self._others, url + path, self._tenant_at(url)
        headers = {"authorization": f"Bearer {await self._token(pinned_tenant)}", **_trace_headers()}
        try:
            async with client.stream(method, target, headers=headers, **{"timeout": TIMEOUT, **request}) as response:
                if not response.is_success and response.status_code not in allowed:
                    body = (await response.aread())[:500].decode(errors="replace")
                    log.error("tenant_plane_refused", path=path, status=response.status_code, body=body)
                    raise PlaneFailed(f"The tenant plane answered {response.status_code} to {method} {path}.")
                yield response
        except httpx.TransportError as error:
            log.warning("tenant_plane_unreachable", path=path, error=repr(error))
            raise PlaneFailed("The tenant plane does not answer.") from error


async def _answer(response: httpx.Response, model: type[M]) -> M:
    body = await response.aread()
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        log.error("tenant_plane_answer_not_understood", body=body[:500].decode(errors="replace"))
        raise PlaneFailed("The tenant plane's answer is not understood.") from error


def _trace_headers() -> dict[str, str]:
    """The same trace goes on over there, when there is one."""
    trace_id = current_trace_id.get()
    return {} if len(trace_id) != 32 else {"traceparent": f"00-{trace_id}-{trace_id[:16]}-01"}
