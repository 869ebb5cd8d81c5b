"""`opsplane tenant …`: the same verbs as over REST, with the steps of what they began."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from control_plane.core.system import SYSTEM
from control_plane.tenants import service as tenants
from control_plane.tenants.flows import TenantFlows
from control_plane.tenants.rules import TenantState
from control_plane.tenants.schemas import (
    Delete,
    ExportQuery,
    ImportQuery,
    OperationRead,
    TenantCreate,
    TenantImportRead,
    TenantQuery,
    TenantRead,
)
from infra.local.archives import export_tenant, import_tenant
from infra.local.options import read_options
from infra.local.up import prepared
from shared.pages import PageQuery
from shared.tx import Database

app = typer.Typer(no_args_is_help=True, help="Tenants.")
console = Console()
COLOURS = {"succeeded": "green", "failed": "red", "cancelled": "yellow", "running": "cyan", "active": "green"}
TenantArgument = Annotated[str, typer.Argument(help="The tenant's id.")]
ReasonOption = Annotated[str | None, typer.Option(help="Why; it stands in the audit log.")]


@app.command("create")
def create(
    tenant_id: Annotated[str, typer.Argument(help="A slug: acme-corp.")],
    name: Annotated[str, typer.Option()],
    contact_email: Annotated[str, typer.Option()],
    plan: Annotated[str, typer.Option()] = "free",
) -> None:
    """Create a tenant; returns when it is usable."""
    command = TenantCreate(tenant_id=tenant_id, name=name, plan=plan, contact_email=contact_email)

    async def made(flows: TenantFlows) -> TenantRead:
        return (await flows.create_tenant(SYSTEM, command)).tenant

    _change(tenant_id, made)


@app.command("list")
def list_tenants(
    state: Annotated[list[TenantState] | None, typer.Option(help="Only these states; may be given again.")] = None,
    plan: Annotated[list[str] | None, typer.Option(help="Only these plans; may be given again.")] = None,
    query: Annotated[str | None, typer.Option("--query", "-q", help="How id, name or contact begins.")] = None,
) -> None:
    """List tenants."""

    async def run() -> None:
        table = Table("tenant_id", "name", "plan", "state", "placement", "users", "created")
        async with prepared(read_options(), with_worker=False) as installation:
            database: Database = installation.control.state.database
            flows: TenantFlows = installation.control.state.tenants
            asked = TenantQuery(limit=200, state=state or None, plan=plan or None, q=query)
            while True:
                async with database.read(SYSTEM) as tx:
                    page = await tenants.list_tenants(tx, asked, flows.counts)
                for row in page.items:
                    users, created = str(row.users), row.created_at.date().isoformat()
                    table.add_row(row.tenant_id, row.name, row.plan, _word(row.state), row.placement, users, created)
                if page.next_cursor is None:
                    break
                asked = asked.model_copy(update={"cursor": page.next_cursor})
        console.print(table)

    asyncio.run(run())


@app.command("suspend")
def suspend(tenant_id: TenantArgument, reason: Annotated[str, typer.Option(help="Its admins see it.")]) -> None:
    """Suspend a tenant: reads stay, writes are refused."""
    _change(tenant_id, lambda flows: flows.suspend_tenant(SYSTEM, tenant_id, reason))


@app.command("resume")
def resume(tenant_id: TenantArgument, reason: ReasonOption = None) -> None:
    """End a suspension."""
    _change(tenant_id, lambda flows: flows.resume_tenant(SYSTEM, tenant_id, reason))


@app.command("delete")
def delete(
    tenant_id: TenantArgument,
    reason: ReasonOption = None,
    confirm: Annotated[
        str, typer.Option(prompt="Type the tenant's id to confirm", help="The tenant's id once more.")
    ] = "",
) -> None:
    """Delete a tenant: suspended at once, removed with its data after the grace period; `restore` undoes it."""
    command = Delete(confirm=confirm, reason=reason)
    _change(tenant_id, lambda flows: flows.delete_tenant(SYSTEM, tenant_id, command))


@app.command("restore")
def restore(tenant_id: TenantArgument, reason: ReasonOption = None) -> None:
    """Undo a deletion within its grace period."""
    _change(tenant_id, lambda flows: flows.restore_tenant(SYSTEM, tenant_id, reason))


@app.command("operations")
def operations(
    tenant_id: TenantArgument,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many, the newest first.")] = 10,
) -> None:
    """What was done with a tenant, step by step."""

    async def run() -> None:
        async with prepared(read_options(), with_worker=False) as installation:
            database: Database = installation.control.state.database
            async with database.read(SYSTEM) as tx:
                page = await tenants.list_operations(tx, tenant_id, PageQuery(limit=limit))
        for operation in page.items:
            _show(operation)

    asyncio.run(run())


@app.command("export")
def export(
    tenant_id: TenantArgument,
    file: Annotated[Path, typer.Argument(help="The archive to write; must not be there yet.", dir_okay=False)],
    reason: Annotated[str, typer.Option(help="Why; its admins see it.")],
) -> None:
    """Write a tenant, its people and all it has, to one file that another installation can import."""
    asked = ExportQuery(reason=reason)

    async def run() -> int:
        async with prepared(read_options(), with_worker=False) as installation:
            return await export_tenant(installation, tenant_id, file, asked.reason, console)

    console.print(f"[green]✓[/] {file}: {asyncio.run(run()):,} bytes", highlight=False, soft_wrap=True)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="An archive of `tenant export`.", dir_okay=False)],
    plan: Annotated[str | None, typer.Option(help="A plan of this installation, instead of the archive's.")] = None,
    keep_grants: Annotated[
        bool, typer.Option("--keep-grants", help="Raised limits and confirmed domains count here, too.")
    ] = False,
) -> None:
    """Restore a tenant that is not here from its archive: all of it or nothing."""
    wishes = ImportQuery(plan=plan, keep_grants=keep_grants)

    async def run() -> TenantImportRead:
        async with prepared(read_options(), with_worker=False) as installation:
            return await import_tenant(installation, file, wishes, console)

    tenant = asyncio.run(run())
    for notice in tenant.notices:
        console.print(f"[yellow]•[/] {escape(notice)}", highlight=False)
    console.print(f"[green]✓[/] Tenant {tenant.tenant_id} is {tenant.state}")


def _change(tenant_id: str, verb: Callable[[TenantFlows], Awaitable[TenantRead]]) -> None:
    """Run it, then show where the tenant is and the steps that led there."""

    async def run() -> None:
        async with prepared(read_options(), with_worker=False) as installation:
            flows: TenantFlows = installation.control.state.tenants
            with console.status(f"{tenant_id} …"):
                tenant = await verb(flows)
            async with flows.database.read(SYSTEM) as tx:
                page = await tenants.list_operations(tx, tenant_id, PageQuery(limit=1))
        _show(page.items[0])
        until = f" until {tenant.delete_after:%Y-%m-%d %H:%M} UTC" if tenant.delete_after else ""
        console.print(f"[green]✓[/] Tenant {tenant_id} is {tenant.state}{until}", highlight=False)

    asyncio.run(run())


def _show(operation: OperationRead) -> None:
    title = Text.assemble(
        (operation.kind, "bold"),
        " ",
        _word(operation.state),
        f"  {operation.created_at:%Y-%m-%d %H:%M:%S} UTC by {operation.requested_by_name}",
        f"  “{operation.reason}”" if operation.reason else "",
    )
    console.print(title)
    table = Table("step", "state", "ms", "attempts", "error", box=None, pad_edge=False)
    for step in operation.steps:
        state = Text.assemble(_word(step.state), (" stuck", "bold red") if step.is_stuck else "")
        duration = "" if step.duration_ms is None else f"{step.duration_ms:,}"
        table.add_row(step.name, state, duration, str(step.attempts), step.error or "")
    console.print(table)


def _word(state: str) -> Text:
    return Text(state, style=COLOURS.get(state, ""))
