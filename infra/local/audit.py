"""`opsplane audit verify`: recompute the hash chain of every audit log, or of an exported file.

Reads as the owner, row by row, so that a log of any size fits into memory; the planes may go on writing meanwhile.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import asyncpg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from infra.local.options import Unusable
from shared.audit.chain import FIELDS, ChainBroken, Check, Head, NotAnExport, Row, check_export, head_of

TENANTS = "select tenant_id, schema_name from plane.tenants order by tenant_id"
ROWS_AT_ONCE = 2000
SHOWN_EVERY = 2000
Step = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Log:
    name: str
    schema: str
    of_tenants: bool = False


CONTROL = Log("control plane", "control", of_tenants=True)


@dataclass(frozen=True, slots=True)
class Verdict:
    """``broken``: what is wrong at the first entry that does not fit, with its number."""

    log: Log
    check: Check
    broken: ChainBroken | None = None


async def find_logs(connection: asyncpg.Connection, *, tenant: str | None, control: bool) -> list[Log]:
    """One tenant's, the control plane's, or all. Raises Unusable for a tenant that is not there."""
    if control:
        return [CONTROL]
    tenants = [Log(row["tenant_id"], row["schema_name"]) for row in await connection.fetch(TENANTS)]
    if tenant is None:
        return [CONTROL, *tenants]
    found = [log for log in tenants if log.name == tenant]
    if not found:
        raise Unusable(f"There is no tenant {tenant}.")
    return found


async def verify_log(
    connection: asyncpg.Connection, log: Log, *, kept: Head | None = None, step: Step = lambda count: None
) -> Verdict:
    """Walk along one chain. ``kept`` is a head of former times: its entry must still be there, and be the same."""
    check = Check()
    try:
        async with aclosing(_rows(connection, log)) as rows:
            async for row in rows:
                check.take(row)
                check.require_all()
                if kept is not None and row["seq"] == kept.seq and row["hash"] != kept.hash:
                    raise ChainBroken(kept.seq, "is not the one that the export tells")
                if check.count % SHOWN_EVERY == 0:
                    step(SHOWN_EVERY)
        if kept is not None and kept.seq > check.head.seq:
            raise ChainBroken(check.head.seq + 1, f"is missing: the export tells {kept.seq:,} entries")
    except ChainBroken as broken:
        return Verdict(log, check, broken)
    return Verdict(log, check)


async def _rows(connection: asyncpg.Connection, log: Log) -> AsyncGenerator[Row, None]:
    left_out = {"details"} if log.of_tenants else {"details", "tenant_id"}
    columns = [name for name in FIELDS if name not in left_out]
    statement = (
        f"select {', '.join(columns)}, details::text as details, previous_hash, hash"  # noqa: S608 - our own names
        f' from "{log.schema}".audit_log order by seq'
    )
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        async for row in connection.cursor(statement, prefetch=ROWS_AT_ONCE):
            yield dict(row)


async def count_entries(connection: asyncpg.Connection, log: Log) -> int:
    counted = await connection.fetchval(f'select coalesce(max(seq), 0) from "{log.schema}".audit_log')  # noqa: S608
    return int(counted)


async def verify_logs(
    url: str, console: Console, *, tenant: str | None = None, control: bool = False, against: Path | None = None
) -> list[Verdict]:
    """With a bar for each log. Raises Unusable when there is nothing to look at."""
    kept = None if against is None else read_head(against)
    async with _connected(url) as connection:
        logs = await find_logs(connection, tenant=tenant, control=control)
        if kept is not None and len(logs) != 1:
            raise Unusable("--against belongs to one log: give --tenant or --control with it.")
        verdicts = []
        with _progress(console) as progress:
            for log in logs:
                task = progress.add_task(log.name, total=await count_entries(connection, log))
                verdict = await verify_log(connection, log, kept=kept, step=partial(progress.advance, task))
                progress.update(task, completed=verdict.check.count)
                verdicts.append(verdict)
    return verdicts


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        yield connection
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
        raise Unusable("This database has no audit log yet; `opsplane migrate` makes it.") from None
    finally:
        await connection.close()


@contextmanager
def _progress(console: Console) -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield progress


def verify_file(path: Path) -> Check:
    """Raises ChainBroken, or Unusable for a file that is no whole export."""
    try:
        with path.open(encoding="utf-8") as lines:
            return check_export(lines)
    except (NotAnExport, OSError, UnicodeDecodeError) as error:
        raise Unusable(f"{path}: {error}") from None


def read_head(path: Path) -> Head:
    last = ""
    try:
        with path.open(encoding="utf-8") as lines:
            for last in lines:  # noqa: B007 - the last one is wanted
                pass
        return head_of(last)
    except (NotAnExport, OSError, UnicodeDecodeError) as error:
        raise Unusable(f"{path}: {error}") from None
