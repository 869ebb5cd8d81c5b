"""The `opsplane` command."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, NoReturn

import httpx
import pyotp
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress
from rich.text import Text

from control_plane.identity.rules import Role, totp
from infra.local import accounts, audit, signing_key_commands, tenant_commands
from infra.local.contracts import contracts, write_contracts
from infra.local.database import owner_url
from infra.local.options import Options, Unusable, make_data_dir, read_options
from infra.local.replay import post
from infra.local.storm import replay_storm
from infra.local.up import migrate, prepared, up
from shared.audit.chain import ChainBroken
from shared.errors import AppError
from shared.logs import configure_logs
from tenant_plane.access.schemas import Scope
from tenant_plane.core.provision import Migrated, TenantsNotMigrated

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Incident response and operations, self-hosted.")
user_app = typer.Typer(no_args_is_help=True, help="People.")
key_app = typer.Typer(no_args_is_help=True, help="API keys.")
audit_app = typer.Typer(no_args_is_help=True, help="Audit logs.")
app.add_typer(tenant_commands.app, name="tenant")
app.add_typer(user_app, name="user")
app.add_typer(signing_key_commands.app, name="signing-keys")
app.add_typer(key_app, name="api-key")
app.add_typer(audit_app, name="audit")
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


@app.command("migrate")
def migrate_command() -> None:
    """Bring the database, and every tenant in it, to the newest version."""

    async def run() -> Migrated:
        with Progress("{task.description}", BarColumn(), MofNCompleteColumn(), console=console, transient=True) as bar:
            task = bar.add_task("Migrating tenants", total=None)
            _, _, migrated = await migrate(
                read_options(), progress=lambda done, of: bar.update(task, completed=done, total=of)
            )
        return migrated

    migrated = asyncio.run(run())
    if migrated.failed:
        raise TenantsNotMigrated(migrated.failed)
    console.print(f"[green]✓[/] Everything is at the newest version; {migrated.changed:,} schemas of tenants changed")


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
            secret = pyotp.random_base32()
            if super_admin:
                await accounts.enrol(installation, made["email"], secret)
        console.print(f"[green]✓[/] {made['email']}", highlight=False)
        if password is None:
            console.print(f"password: {made['password']}", highlight=False, markup=False)
        if super_admin:
            console.print(f"second factor: {secret}", highlight=False, markup=False)
            uri = totp.otpauth_uri(secret, made["email"])
            console.print(f"for an authenticator app: {uri}", highlight=False, markup=False, soft_wrap=True)

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


@audit_app.command("verify")
def audit_verify(
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's log.")] = None,
    control: Annotated[bool, typer.Option("--control", help="Only the control plane's log.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Every log; the default.")] = False,
    file: Annotated[Path | None, typer.Option(help="An exported file instead of the database.")] = None,
    against: Annotated[Path | None, typer.Option(help="An earlier export: its head must still be there.")] = None,
) -> None:
    """Recompute the hash chain of audit logs; exit status 1 and the first entry that does not fit, if one is broken."""
    if sum((tenant is not None, control, everything, file is not None)) > 1:
        raise Unusable("Give one of --tenant, --control, --all and --file.")
    if file is not None:
        check = audit.verify_file(file)
        rest = "" if check.first_missing is None else f"; filtered, so entry {check.first_missing:,} is not in it"
        console.print(
            f"[green]✓[/] {file}: {check.count:,} entries fit, up to {check.head.seq:,}{rest}", highlight=False
        )
        return

    async def run() -> list[audit.Verdict]:
        options = read_options()
        make_data_dir(options.data_dir)
        url = await owner_url(options.data_dir)
        return await audit.verify_logs(url, console, tenant=tenant, control=control, against=against)

    verdicts = asyncio.run(run())
    for verdict in verdicts:
        name, count, head = verdict.log.name, verdict.check.count, verdict.check.head
        if verdict.broken is None:
            console.print(f"[green]✓[/] {name}: {count:,} entries fit; head {head.hash.hex()}", highlight=False)
        else:
            console.print(f"[red]✗[/] {name}: {verdict.broken}, after {count:,} that fit", highlight=False)
    if any(verdict.broken for verdict in verdicts):
        raise SystemExit(1)


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
    except (Unusable, AppError, ChainBroken, TenantsNotMigrated, accounts.UnknownTenant) as error:
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
