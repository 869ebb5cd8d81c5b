"""`opsplane up`: from nothing to a running installation, with a storm of alerts to look at."""

import asyncio
import contextlib
import fcntl
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import IO, Any

import httpx
import uvicorn
from rich.console import Console
from rich.table import Table

from infra.local import installation as local
from infra.local.accounts import ensure_demo
from infra.local.database import owner_url
from infra.local.frontend_build import FrontendError, build_frontend
from infra.local.node import NodeError
from infra.local.options import HOST, ROOT, Options, Unusable, make_data_dir
from infra.local.origin import create_origin
from infra.local.storm import replay_storm
from shared.errors import Unavailable
from shared.logs import configure_logs
from tenant_plane.core.provision import Migrated, Progress, TenantsNotMigrated, UnsupportedDatabase

console = Console()
_held: list[IO[str]] = []
FRONTEND = ROOT / "frontend"


def up(options: Options) -> None:
    configure_logs(level="WARNING", readable=True)
    require_free_port(options.port)
    make_data_dir(options.data_dir)
    hold(options)
    if options.frontend:
        _build_frontend()
    asyncio.run(_serve(options))


def hold(options: Options) -> None:
    """Two `up` at the same moment: the port is still free for both. The kernel lets go when a process ends."""
    lock = (options.data_dir / f"up-{options.port}.lock").open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Unusable(
            f"Opsplane starts on port {options.port} from {options.data_dir} already; stop it or set OPSPLANE_PORT."
        ) from None
    _held.append(lock)


def _build_frontend() -> None:
    with console.status("Building the frontend …") as status:
        try:
            built = build_frontend(FRONTEND, lambda line: status.update(f"Building the frontend: {line}"))
        except (FrontendError, NodeError) as error:
            raise Unusable(str(error)) from None
    console.print("[green]✓[/] Frontend " + ("built" if built else "unchanged"))


def require_free_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise Unusable(
                f"Port {port} on {HOST} can't be used ({error.strerror}); stop what listens there or set OPSPLANE_PORT."
            ) from None


async def migrate(
    options: Options, *, progress: Progress = lambda done, of: None
) -> tuple[local.Secrets, str, Migrated]:
    """The installation's secrets, the owner's URL, and what was done."""
    make_data_dir(options.data_dir)
    known = local.read_secrets(options.data_dir)
    url = await owner_url(options.data_dir)
    try:
        return known, url, await local.prepare(url, known, progress=progress)
    except UnsupportedDatabase as error:
        raise Unusable(str(error)) from None


@asynccontextmanager
async def prepared(options: Options, *, with_worker: bool = True) -> AsyncIterator[local.Installation]:
    """The installation of the data directory: database running and migrated, planes put together, nothing served."""
    known, url, migrated = await migrate(options)
    if migrated.failed:
        console.print(f"[yellow]![/] {TenantsNotMigrated(migrated.failed)}", highlight=False)
    async with local.open_installation(
        url, known, demo_file=options.demo_file, with_worker=with_worker
    ) as installation:
        yield installation


async def _serve(options: Options) -> None:
    with console.status("Starting the database and migrating …"):
        stack = contextlib.AsyncExitStack()
        installation = await stack.enter_async_context(prepared(options))
    async with stack:
        console.print("[green]✓[/] Database ready and migrated")
        with console.status("Creating the demo tenants …"):
            demo = await ensure_demo(installation, options.demo_file, options.base_url)
        console.print("[green]✓[/] Tenants acme and globex")
        origin = create_origin(installation, FRONTEND / "dist", {"database": lambda: answers(installation)})
        config = uvicorn.Config(
            origin,
            host=HOST,
            port=options.port,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=5,
            server_header=False,
            proxy_headers=False,
        )
        server = Server(config)
        showing = asyncio.create_task(_show(server, options, demo))
        await server.serve()
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)


async def answers(installation: local.Installation) -> None:
    """Raises Unavailable when either plane is not ready."""
    for name, plane in (("control plane", installation.control), ("tenant plane", installation.tenant)):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=plane), base_url="http://plane") as client:
            if (await client.get("/readyz")).status_code != 200:
                raise Unavailable(f"the {name} is not ready")


class Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


async def _show(server: Server, options: Options, demo: dict[str, Any]) -> None:
    await server.listening.wait()
    if options.storm and await _is_fresh(options, demo):
        await replay_storm(options.base_url, demo["tenants"][0]["api_key"], console)
    _welcome(options, demo)


async def _is_fresh(options: Options, demo: dict[str, Any]) -> bool:
    headers = {"authorization": f"Bearer {demo['tenants'][0]['api_key']}"}
    async with httpx.AsyncClient(base_url=options.base_url, headers=headers, timeout=30) as client:
        response = await client.get("/api/alerts?limit=1")
        return response.is_success and response.json()["data"]["total"] == 0


def _welcome(options: Options, demo: dict[str, Any]) -> None:
    table = Table(title="Demo accounts", title_justify="left", box=None, pad_edge=False)
    for column in ("tenant", "role", "e-mail", "password"):
        table.add_column(column)
    for tenant in demo["tenants"]:
        for role in ("admin", "operator", "viewer"):
            table.add_row(tenant["tenant_id"], role, tenant[role]["email"], tenant[role]["password"])
    table.add_row("/control/login", "super_admin", demo["super_admin"]["email"], demo["super_admin"]["password"])
    key = demo["tenants"][0]["api_key"]
    console.print()
    console.print(table)
    console.print(f"\n[bold]Opsplane runs at {options.base_url}[/]   (Ctrl-C stops it)\n")
    console.print("Three to try:", highlight=False)
    for line in (
        f"curl -X POST {options.base_url}/api/webhook -H 'Authorization: Bearer {key}'"
        """ -H 'Content-Type: application/json' -d '{"title": "Disk full on db-7", "severity": "critical","""
        """ "service": "db-7"}'""",
        f"curl -H 'Authorization: Bearer {key}' '{options.base_url}/api/incidents?status=triggered&limit=5'",
        f"curl -X POST {options.base_url}/graphql -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json'"
        """ -d '{"query": "{ overview { notAcknowledged firingAlerts } }"}'""",
    ):
        console.print(f"  {line}", soft_wrap=True, highlight=False, markup=False)
    console.print()
