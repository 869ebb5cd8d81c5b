"""The planes as processes of their own, over one database; and a tenant's dedicated plane over another."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import asyncpg
import httpx

from control_plane.core.prepare import APP_ROLE as CONTROL_ROLE
from infra.local.installation import login
from infra.local.postgres import FAST, running
from tenant_plane.core.provision import APP_ROLE as TENANT_ROLE
from tests.crash.product import ready
from tests.support import processes
from tests.support.origin import HOST, KNOWN, Demo, free_port, installed

CONTROL, TENANT = ("control_plane",), ("tenant_plane",)
API, WORKER = ("tenant_plane", "api"), ("tenant_plane", "worker")
Process = subprocess.Popen[bytes]


class Planes:
    """Both planes of one database, each started and stopped by itself."""

    def __init__(self, owner_url: str, folder: Path, demo: Demo) -> None:
        self.folder = folder
        self.demo = demo
        self._root: dict[str, str] | None = None
        self.control_port, self.tenant_port = free_port(), free_port()
        self.worker_port, self.dedicated_port = free_port(), free_port()
        self.environment = {
            "OPSPLANE_CONTROL_DATABASE_URL": owner_url,
            "OPSPLANE_CONTROL_APP_DATABASE_URL": login(owner_url, CONTROL_ROLE, KNOWN.control_password),
            "OPSPLANE_KEY_ENCRYPTION_SECRET": KNOWN.key_encryption_secret,
            "OPSPLANE_CONTROL_PLANE_PORT": str(self.control_port),
            "OPSPLANE_CONTROL_PLANE_URL": f"http://{HOST}:{self.control_port}",
            "OPSPLANE_TENANT_DATABASE_URL": owner_url,
            "OPSPLANE_TENANT_APP_DATABASE_URL": login(owner_url, TENANT_ROLE, KNOWN.tenant_password),
            "OPSPLANE_TENANT_PLANE_PORT": str(self.tenant_port),
            "OPSPLANE_TENANT_PLANE_URL": f"http://{HOST}:{self.tenant_port}",
            "OPSPLANE_DEDICATED_PLANES": json.dumps({"acme": f"http://{HOST}:{self.dedicated_port}"}),
        }

    @contextmanager
    def control(self) -> Iterator[httpx.Client]:
        with self._started(CONTROL, self.control_port) as client:
            yield client

    @contextmanager
    def tenant(self) -> Iterator[httpx.Client]:
        with self._started(TENANT, self.tenant_port) as client:
            yield client

    @contextmanager
    def api(self) -> Iterator[httpx.Client]:
        """The tenant plane without a worker."""
        with self._started(API, self.tenant_port) as client:
            yield client

    @contextmanager
    def worker(self) -> Iterator[httpx.Client]:
        with self._started(WORKER, self.worker_port, self._worker) as client:
            yield client

    @contextmanager
    def dedicated(self, owner_url: str) -> Iterator[httpx.Client]:
        """The plane of acme alone. Another server: roles of tenants belong to a server, not to a database."""
        changes = {
            "OPSPLANE_TENANT_DATABASE_URL": owner_url,
            "OPSPLANE_TENANT_APP_DATABASE_URL": login(owner_url, TENANT_ROLE, KNOWN.tenant_password),
            "OPSPLANE_TENANT_PLANE_PORT": str(self.dedicated_port),
            "OPSPLANE_PINNED_TENANT": "acme",
        }
        with self._started(TENANT, self.dedicated_port, changes) as client:
            yield client

    @contextmanager
    def control_to_kill(self) -> Iterator[tuple[Process, httpx.Client]]:
        with self._process(CONTROL, self.control_port) as found:
            yield found

    @contextmanager
    def worker_to_kill(self) -> Iterator[Process]:
        with self._process(WORKER, self.worker_port, self._worker) as (process, _):
            yield process

    @property
    def _worker(self) -> dict[str, str]:
        return {"OPSPLANE_TENANT_PLANE_PORT": str(self.worker_port)}

    @contextmanager
    def _started(
        self, module: Sequence[str], port: int, changes: Mapping[str, str] = MappingProxyType({})
    ) -> Iterator[httpx.Client]:
        with self._process(module, port, changes) as (process, client):
            yield client
            code = processes.end(process, signal.SIGTERM)
        log = self._log(module, port).read_text()
        assert code in (0, -signal.SIGTERM), f"{code}: {log}"
        before, found, trace = log.rpartition("Traceback")
        assert not found, before[-4000:] + found + trace

    @contextmanager
    def _process(
        self, module: Sequence[str], port: int, changes: Mapping[str, str] = MappingProxyType({})
    ) -> Iterator[tuple[Process, httpx.Client]]:
        url, log = f"http://{HOST}:{port}", self._log(module, port)
        with (
            processes.running([sys.executable, "-m", *module], log, {**self.environment, **changes}) as process,
            httpx.Client(base_url=url, timeout=30, trust_env=False) as client,
        ):
            ready(url, process, log)
            yield process, client

    def _log(self, module: Sequence[str], port: int) -> Path:
        return self.folder / f"{'-'.join(module)}-{port}.log"

    def rows(self, statement: str, *values: object) -> list[asyncpg.Record]:
        """Past the planes, as the database's owner, in the schema of acme."""

        async def ask() -> list[asyncpg.Record]:
            url = self.environment["OPSPLANE_TENANT_DATABASE_URL"]
            connection = await asyncpg.connect(url, server_settings={"search_path": "t_acme"})
            try:
                return await connection.fetch(statement, *values)
            finally:
                await connection.close()

        return asyncio.run(ask())

    def root(self, control: httpx.Client) -> dict[str, str]:
        """Headers of the super-admin, who signs in once: a code works only once, a token outlives the process."""
        if self._root is None:
            answer = control.post("/api/auth/token", json=self.demo.super_admin)
            self._root = {"authorization": f"Bearer {answer.raise_for_status().json()['data']['token']}"}
        return self._root

    def sign_in(self, control: httpx.Client, role: str = "operator") -> dict[str, str]:
        answer = control.post("/api/auth/token", json=self.demo.person("acme", role))
        return {"authorization": f"Bearer {answer.raise_for_status().json()['data']['token']}"}


@contextmanager
def two_planes(folder: Path, settings: Mapping[str, str] = FAST) -> Iterator[Planes]:
    """Prepared, with the demo's tenants; neither is started. ``settings`` are the database's."""

    async def prepared(url: str) -> Demo:
        async with installed(url, folder) as origin:
            return origin.demo

    with running(folder / "data" / "postgres", settings) as url:
        yield Planes(url, folder, asyncio.run(prepared(url)))
