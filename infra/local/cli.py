"""The `opsplane` command."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, NoReturn

import httpx
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from control_plane.core.system import SYSTEM
from control_plane.identity.rules import Role
from control_plane.tenants import service as tenants
from control_plane.tenants.schemas import TenantQuery
from infra.local import accounts
from infra.local.contracts import contracts, write_contracts
from infra.local.options import Options, Unusable, read_options
from infra.local.replay import post
from infra.local.storm import replay_storm
from infra.local.up import prepared, up
from shared.errors import AppError
from shared.logs import configure_logs
from tenant_plane.access.schemas import Scope

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Incident response and operations, self-hosted.")
tenant_app = typer.Typer(no_args_is_help=True, help="Tenants.")
user_app = typer.Typer(no_args_is_help=True, help="People.")
key_app = typer.Typer(no_args_is_help=True, help="API keys.")
app.add_typer(tenant_app, name="tenant")
app.add_typer(user_app, name="user")
app.add_typer(key_app, name="api-key")
console = Console()


@app.command("up")
def up_command() -> None:
    """Start everything on one origin.

    OPSPLANE_PORT, OPSPLANE_DATA, OPSPLANE_STORM=0, OPSPLANE_FRONTEND=0 and DATABASE_URL change how.
    """
    up(read_options())


@app.command()
def demo() -> None:
    """Replay the demo storm against the running installation."""
    options = read_options()
    key = _demo(options)["tenants"][0]["api_key"]
    asyncio.run(replay_storm(options.base_url, key, console))


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="A JSON body as the sender would post it.", exists=True)],
    source: Annotated[str, typer.Option(help="The sender: webhook, alertmanager, prometheus, grafana, pagerduty …")],
    api_key: Annotated[str | None, typer.Option(help="Default: the demo key of acme.")] = None,
) -> None:
    """Send one file to the running installation, as its sender would."""
    options = read_options()
    key = api_key or _demo(options)["tenants"][0]["api_key"]

    async def run() -> None:
        headers = {"authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(base_url=options.base_url, headers=headers, timeout=30) as client:
            console.print_json(data=await post(client, "/api/webhook", source, _json(file)))

    asyncio.run(run())


@app.command()
def migrate() -> None:
    """Bring the database, and every tenant in it, to the newest version."""

    async def run() -> None:
        with console.status("Migrating …"):
            async with prepared(read_options(), with_worker=False):
                pass
        console.print("[green]✓[/] Everything is at the newest version")

    asyncio.run(run())


@app.command("contracts")
def contracts_command(
    write: Annotated[
        bool, typer.Option("--write", help="Write the snapshots instead of printing their names.")
    ] = False,
) -> None:
    """The API contracts as text."""
    if not write:
        for name, content in contracts().items():
            console.print(f"{name}: {len(content.splitlines())} lines")
        return
    changed = write_contracts()
    console.print("\n".join(f"wrote {path.name}" for path in changed) or "Nothing has changed.")


@tenant_app.command("create")
def tenant_create(
    tenant_id: Annotated[str, typer.Argument(help="A slug: acme-corp.")],
    name: Annotated[str, typer.Option()],
    contact_email: Annotated[str, typer.Option()],
    plan: Annotated[str, typer.Option()] = "free",
) -> None:
    """Create a tenant; returns when it is usable."""

    async def run() -> None:
        async with prepared(read_options(), with_worker=False) as installation:
            await accounts.create_tenant(installation, tenant_id, name, plan, contact_email)
        console.print(f"[green]✓[/] Tenant {tenant_id} is active")

    asyncio.run(run())


@tenant_app.command("list")
def tenant_list() -> None:
    """List tenants."""

    async def run() -> None:
        table = Table("tenant_id", "name", "plan", "state", "created")
        async with prepared(read_options(), with_worker=False) as installation:
            query = TenantQuery(limit=200)
            while True:
                async with installation.control.state.database.read(SYSTEM) as tx:
                    page = await tenants.list_tenants(tx, query)
                for row in page.items:
                    table.add_row(row.tenant_id, row.name, row.plan, row.state, row.created_at.date().isoformat())
                if page.next_cursor is None:
                    break
                query = TenantQuery(limit=200, cursor=page.next_cursor)
        console.print(table)

    asyncio.run(run())


@user_app.command("create")
def user_create(
    email: Annotated[str, typer.Argument()],
    name: Annotated[str, typer.Option()],
    tenant: Annotated[str | None, typer.Option(help="The tenant to join.")] = None,
    role: Annotated[Role, typer.Option()] = Role.VIEWER,
    super_admin: Annotated[bool, typer.Option("--super-admin")] = False,
    password: Annotated[str | None, typer.Option(help="Default: a random one, printed once.")] = None,
) -> None:
    """Create a person, in a tenant or as super-admin."""
    if (tenant is None) != super_admin:
        raise Unusable("Give either --tenant, with a --role in it, or --super-admin.")

    async def run() -> None:
        async with prepared(read_options(), with_worker=False) as installation:
            made = await accounts.create_user(
                installation,
                email,
                name,
                password=password,
                is_super_admin=super_admin,
                memberships={tenant: role} if tenant else None,
            )
        console.print(f"[green]✓[/] {made['email']}", highlight=False)
        if password is None:
            console.print(f"password: {made['password']}", highlight=False, markup=False)

    asyncio.run(run())


@key_app.command("create")
def api_key_create(
    tenant: Annotated[str, typer.Argument(help="The tenant's id.")],
    name: Annotated[str, typer.Option()],
    scope: Annotated[Scope, typer.Option()] = Scope.INGESTION,
) -> None:
    """Create an API key; it is printed once."""

    async def run() -> None:
        async with prepared(read_options(), with_worker=False) as installation:
            key = await accounts.create_api_key(installation, tenant, name, scope)
        console.print(key, highlight=False, markup=False, soft_wrap=True)

    asyncio.run(run())


def _demo(options: Options) -> dict[str, list[dict[str, str]]]:
    try:
        demo: dict[str, list[dict[str, str]]] = json.loads(options.demo_file.read_text())
    except FileNotFoundError:
        raise Unusable(f"There is no {options.demo_file}; `make up` writes it.") from None
    return demo


def _json(file: Path) -> object:
    try:
        return json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise Unusable(f"{file} is not JSON: {error}") from None


def main() -> None:
    """Expected failures are one sentence and exit status 1; anything else is a bug and shows its traceback."""
    configure_logs(level="WARNING", readable=True)
    try:
        app()
    except (Unusable, AppError, accounts.UnknownTenant) as error:
        fail(str(error))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        fail(f"{'.'.join(map(str, first['loc']))}: {first['msg']}.")
    except httpx.HTTPError as error:
        fail(f"The installation does not answer: {error}")


def fail(sentence: str) -> NoReturn:
    Console(stderr=True).print(Text("✗ ", style="red"), Text(sentence), sep="", soft_wrap=True)
    raise SystemExit(1)


if __name__ == "__main__":
    main()
