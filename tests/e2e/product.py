"""The real product in a process of its own, and its API as another program would use it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from infra.local import postgres
from tests.support.codes import unused_code
from tests.support.origin import free_port
from tests.support.processes import ROOT, descendants, end, running, wait_for_end
from tests.support.waiting import eventually

START_SECONDS = 240  # a frontend that has to be built first takes most of it
READY = "Opsplane runs at"


@dataclass(frozen=True)
class Account:
    email: str
    password: str
    tenant_id: str | None = None
    totp_secret: str | None = None

    @property
    def codes(self) -> list[str]:
        """One that nobody has used, for an account that needs one."""
        return [] if self.totp_secret is None else [unused_code(self.totp_secret)]


@dataclass(frozen=True)
class Product:
    base_url: str
    data_dir: Path
    demo: dict[str, Any]

    def account(self, tenant_id: str, role: str) -> Account:
        return Account(**self._tenant(tenant_id)[role], tenant_id=tenant_id)

    def api_key(self, tenant_id: str) -> str:
        return str(self._tenant(tenant_id)["api_key"])

    @property
    def super_admin(self) -> Account:
        return Account(**self.demo["super_admin"])

    def _tenant(self, tenant_id: str) -> dict[str, Any]:
        return next(tenant for tenant in self.demo["tenants"] if tenant["tenant_id"] == tenant_id)

    def command(self, *arguments: str) -> None:
        """The `opsplane` command beside the running installation."""
        environment = {**os.environ, "OPSPLANE_DATA": str(self.data_dir)}
        command = [sys.executable, "-m", "infra.local.cli", *arguments]
        subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, timeout=60)

    @asynccontextmanager
    async def schema(self, tenant_id: str) -> AsyncIterator[asyncpg.Connection]:
        """The tenant's tables, through the owner's connection: for amounts that no API call makes in a second."""
        with postgres.running(self.data_dir / "postgres") as url:
            connection = await asyncpg.connect(url)
            try:
                name = await connection.fetchval(
                    "select schema_name from plane.tenants where tenant_id = $1", tenant_id
                )
                await connection.execute(f"set search_path to {name}")
                yield connection
            finally:
                await connection.close()


@contextmanager
def started(folder: Path, port: int | None = None, **changes: str) -> Iterator[Product]:
    """`opsplane up` until its storm is over; at the end it goes, and whatever it had started goes with it."""
    data_dir, log = folder / "data", folder / "log"
    environment = {
        "OPSPLANE_PORT": str(port or free_port()),
        "OPSPLANE_DATA": str(data_dir),
        "OPSPLANE_STORM": "1",
        "OPSPLANE_SSO_ALLOW_HTTP": "1",
        "OPSPLANE_OPEN_REGISTRATION": "1",
        # A sign-in is kept for all tests; two pages that renew the same one would end it.
        "OPSPLANE_ACCESS_TOKEN_SECONDS": "3600",
        "PYTHONUNBUFFERED": "1",
        **changes,
    }
    with running([sys.executable, "-m", "infra.local.cli", "up"], log, environment) as process:
        _until_ready(process, log)
        demo = json.loads((data_dir / "demo.json").read_text())
        httpx.get(f"{demo['base_url']}/readyz").raise_for_status()
        yield Product(demo["base_url"], data_dir, demo)
        started_by_it = descendants(process.pid)
        assert end(process, signal.SIGTERM) in (0, -signal.SIGTERM), log.read_text()
        wait_for_end(started_by_it)


def _until_ready(process: subprocess.Popen[bytes], log: Path) -> None:
    def ready() -> bool:
        assert process.poll() is None, f"the product ended by itself:\n{log.read_text()}"
        return READY in log.read_text()

    eventually(ready, f"“{READY}” in {log}", seconds=START_SECONDS)


class Api:
    """One signed-in caller. Anything but success is the test's failure, with the server's words."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def get(self, path: str, **query: str | int) -> Any:
        return _data(await self._client.get(path, params=query))

    async def post(self, path: str, body: object = None) -> Any:
        return _data(await self._client.post(path, json=body or {}))

    async def put(self, path: str, body: object) -> Any:
        return _data(await self._client.put(path, json=body))

    async def patch(self, path: str, **change: object) -> Any:
        return _data(await self._client.patch(path, json=change))

    async def delete(self, path: str) -> Any:
        return _data(await self._client.delete(path))

    async def graphql(self, query: str) -> Any:
        return _data(await self._client.post("/graphql", json={"query": query}))

    async def declare(self, title: str, severity: str = "medium", **fields: object) -> Any:
        return await self.post("/api/incidents", {"title": title, "severity": severity, **fields})

    async def alert(self, title: str, **fields: object) -> Any:
        """As the README's curl sends it."""
        return await self.post("/api/webhook", {"title": title, **fields})

    async def walk(self, reference: str, *statuses: str) -> Any:
        """One step of the state machine after the other; the incident as it stands afterwards."""
        moved = None
        for status in statuses:
            moved = await self.patch(f"/api/incidents/{reference}", status=status)
        return moved


def _data(response: httpx.Response) -> Any:
    assert response.is_success, f"{response.request.method} {response.request.url}: {response.text}"
    return response.json()["data"]


@asynccontextmanager
async def signed_in(product: Product, account: Account) -> AsyncIterator[Api]:
    async with httpx.AsyncClient(base_url=product.base_url, timeout=30) as client:
        body = {"email": account.email, "password": account.password, "otp": next(iter(account.codes), None)}
        session = _data(await client.post("/api/auth/token", json=body))
        client.headers["authorization"] = f"Bearer {session['token']}"
        yield Api(client)


@asynccontextmanager
async def with_key(product: Product, api_key: str) -> AsyncIterator[Api]:
    headers = {"authorization": f"Bearer {api_key}"}
    async with httpx.AsyncClient(base_url=product.base_url, timeout=30, headers=headers) as client:
        yield Api(client)
