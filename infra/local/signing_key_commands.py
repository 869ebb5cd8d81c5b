"""`opsplane signing-keys`: list and rotate."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from control_plane.core.system import SYSTEM
from control_plane.identity import service as identity
from control_plane.identity.keys import SigningKeys
from control_plane.identity.schemas import SigningKeysRead
from infra.local.options import read_options
from infra.local.up import prepared
from shared.fields import rfc3339

app = typer.Typer(no_args_is_help=True, help="The keys that sign access tokens.")


@app.command("list")
def list_keys() -> None:
    """List the keys that sign tokens or are still believed."""

    async def run() -> SigningKeysRead:
        async with (
            prepared(read_options(), with_worker=False) as installation,
            installation.control.state.database.read(SYSTEM) as tx,
        ):
            return await identity.read_signing_keys(tx)

    _show(asyncio.run(run()))


@app.command()
def rotate(
    immediately: Annotated[
        bool, typer.Option("--immediately", help="For a leaked key: every token signed before stops counting.")
    ] = False,
) -> None:
    """Publish a new signing key; it signs once every plane knows it."""

    async def run() -> SigningKeysRead:
        async with prepared(read_options(), with_worker=False) as installation:
            keys: SigningKeys = installation.control.state.signing_keys
            return await keys.rotate(SYSTEM, immediately=immediately)

    _show(asyncio.run(run()))


def _show(read: SigningKeysRead) -> None:
    table = Table("kid", "state", "signs from", "believed until")
    for key in read.keys:
        table.add_row(key.kid, key.state, rfc3339(key.active_from), rfc3339(key.retire_at) if key.retire_at else "")
    Console().print(table)
