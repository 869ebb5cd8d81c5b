"""A whole installation, put together by the product's own code: both planes, demo tenants, one origin."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette

from infra.local.accounts import ensure_demo
from infra.local.installation import Installation, Secrets, open_installation, prepare
from infra.local.origin import create_origin
from infra.local.up import Server, answers
from tests.support.codes import unused_code

KNOWN = Secrets("control-password", "tenant-password", "0123456789abcdef0123456789abcdef")
PLENTY = dict.fromkeys(("anonymous", "viewer", "operator", "admin", "ingestion", "super_admin"), 1_000_000)
HOST = "127.0.0.1"


@dataclass(frozen=True)
class Demo:
    """What demo.json says."""

    said: dict[str, Any]

    @property
    def super_admin(self) -> dict[str, str]:
        """Signs in once: with a code that nobody has used. Keep the token, for two can be had within thirty seconds."""
        person: dict[str, str] = self.said["super_admin"]
        otp = unused_code(person["totp_secret"])
        return {"email": person["email"], "password": person["password"], "otp": otp}

    def tenant(self, tenant_id: str) -> dict[str, Any]:
        return next(tenant for tenant in self.said["tenants"] if tenant["tenant_id"] == tenant_id)

    def person(self, tenant_id: str, role: str) -> dict[str, str]:
        person: dict[str, str] = self.tenant(tenant_id)[role]
        return person

    def api_key(self, tenant_id: str) -> str:
        return str(self.tenant(tenant_id)["api_key"])


@dataclass(frozen=True)
class InProcess:
    installation: Installation
    app: Starlette
    demo: Demo
    owner_url: str
    _root: dict[int, str] = field(default_factory=dict)

    def client(self, token: str | None = None, **headers: str) -> httpx.AsyncClient:
        if token is not None:
            headers = {"authorization": f"Bearer {token}", **headers}
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers)

    async def token(self, person: dict[str, str]) -> str:
        async with self.client() as client:
            answer = await client.post("/api/auth/token", json=person)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["data"]["token"])

    async def root_token(self) -> str:
        """Of the super-admin; the same for some minutes."""
        minutes = int(time.time()) // 600
        if minutes not in self._root:
            self._root[minutes] = await self.token(self.demo.super_admin)
        return self._root[minutes]


@asynccontextmanager
async def installed(
    owner_url: str,
    folder: Path,
    *,
    with_worker: bool = False,
    requests_per_minute: Mapping[str, int] = MappingProxyType(PLENTY),
    known: Secrets = KNOWN,
) -> AsyncIterator[InProcess]:
    """``folder`` receives demo.json; the frontend is not built in it. Without ``requests_per_minute``, plans decide."""
    await prepare(owner_url, known)
    async with open_installation(
        owner_url,
        known,
        demo_file=folder / "demo.json",
        with_worker=with_worker,
        requests_per_minute=requests_per_minute,
    ) as installation:
        said = await ensure_demo(installation, folder / "demo.json", "http://test")
        app = create_origin(installation, folder / "dist", {"database": lambda: answers(installation)})
        async with app.router.lifespan_context(app):
            yield InProcess(installation, app, Demo(said), owner_url)


@dataclass(frozen=True)
class Served:
    url: str
    demo: Demo
    owner_url: str

    def client(self, token: str | None = None) -> httpx.Client:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30)

    def token(self, person: dict[str, str]) -> str:
        with self.client() as client:
            answer = client.post("/api/auth/token", json=person)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["data"]["token"])


def free_port() -> int:
    """Free a moment ago, and not handed out again soon."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def served(owner_url: str, folder: Path) -> Iterator[Served]:
    """On a real port, by uvicorn in a thread with a loop of its own, for clients that are not ours."""
    ready, done, found = threading.Event(), threading.Event(), dict[str, Any]()

    async def serve() -> None:
        async with installed(owner_url, folder, with_worker=True) as origin:
            # The lifespan is running already; uvicorn must not run it a second time.
            config = uvicorn.Config(origin.app, HOST, 0, log_config=None, access_log=False, lifespan="off")
            server = Server(config)
            serving = asyncio.create_task(server.serve())
            await server.listening.wait()
            found["port"] = server.servers[0].sockets[0].getsockname()[1]
            found["demo"] = origin.demo
            ready.set()
            await asyncio.to_thread(done.wait)
            server.should_exit = True
            await serving

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            found["error"] = error
            raise
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="origin")
    thread.start()
    try:
        assert ready.wait(60) and "error" not in found, found.get("error")
        yield Served(f"http://{HOST}:{found['port']}", found["demo"], owner_url)
    finally:
        done.set()
        thread.join(60)
    assert not thread.is_alive(), "the server did not stop"
