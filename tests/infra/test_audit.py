"""`opsplane audit verify` finds what the owner of the database did to a log, and names the first wrong entry."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from rich.console import Console
from typer.testing import CliRunner

from control_plane.core.prepare import prepare_database
from infra.local.audit import CONTROL, Log, read_head, verify_file, verify_log, verify_logs
from infra.local.cli import app
from infra.local.options import Unusable
from shared.audit.chain import GENESIS, Check, hash_of, last_line_of, line_of
from shared.tx import Tenant
from tenant_plane.audit.schemas import AuditExported
from tests.support.tenant_plane import Plane, running_plane

QUIET = Console(quiet=True)


@pytest_asyncio.fixture(scope="module")
async def plane(admin_url: str) -> AsyncIterator[Plane]:
    await prepare_database(admin_url, "it's a secret")
    async with running_plane(admin_url) as plane:
        yield plane


@pytest_asyncio.fixture
async def log(plane: Plane) -> Log:
    """Of a new tenant, with ten entries."""
    tenant = await plane.new_tenant()
    async with plane.database.write(plane.actor(tenant)) as tx:
        for number in range(10):
            tx.record(AuditExported(filter={"number": number, "half": number / 2}))
    return Log(tenant.id, tenant.schema)


@pytest_asyncio.fixture
async def owner(plane: Plane, log: Log) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(plane.owner_url, server_settings={"search_path": log.schema})
    yield connection
    await connection.close()


async def broken_at(owner: asyncpg.Connection, log: Log) -> int | None:
    verdict = await verify_log(owner, log)
    return None if verdict.broken is None else verdict.broken.seq


ROWS = "select *, details::text as details from audit_log order by seq"


def exported(rows: list[asyncpg.Record], path: Path) -> Path:
    check, lines = Check(), []
    for row in rows:
        check.take(dict(row))
        lines.append(line_of(dict(row)))
    path.write_text("".join([*lines, last_line_of(check)]))
    return path


async def test_an_untouched_log_fits(owner: asyncpg.Connection, log: Log) -> None:
    verdict = await verify_log(owner, log)
    assert (verdict.broken, verdict.check.count, verdict.check.head.seq) == (None, 10, 10)


@pytest.mark.parametrize(
    ("sql", "seq"),
    [
        ("update audit_log set actor_name = 'nobody' where seq = 4", 4),
        ("update audit_log set details = jsonb_set(details, '{filter,number}', '7') where seq = 3", 3),
        ("update audit_log set at = at + interval '1 microsecond' where seq = 10", 10),
        ("update audit_log set hash = sha256('x') where seq = 1", 1),
        ("delete from audit_log where seq = 5", 5),
        ("delete from audit_log where seq <= 2", 1),
        ("update audit_log set seq = 99 where seq = 6", 6),
        ("update audit_log set seq = case seq when 7 then 18 else 17 end where seq in (7, 8)", 7),
        (
            "insert into audit_log (seq, at, actor_id, actor_kind, actor_name, action, target, result, details,"
            " trace_id, previous_hash, hash) select 11, at, actor_id, actor_kind, actor_name, action, target, result,"
            " details, trace_id, hash, sha256(hash) from audit_log where seq = 10",
            11,
        ),
    ],
)
async def test_what_the_owner_did_is_found(owner: asyncpg.Connection, log: Log, sql: str, seq: int) -> None:
    await owner.execute(sql)
    assert await broken_at(owner, log) == seq


async def test_a_rewritten_entry_breaks_the_next(owner: asyncpg.Connection, log: Log) -> None:
    """Whoever recomputes the hash of what they changed must change all the rest, too."""
    row = dict(await owner.fetchrow("select *, details::text as details from audit_log where seq = 4") or {})
    forged = hash_of(row["previous_hash"], {**row, "actor_name": "nobody"})
    await owner.execute("update audit_log set actor_name = 'nobody', hash = $1 where seq = 4", forged)
    assert await broken_at(owner, log) == 5


async def test_a_cut_end_is_found_against_an_earlier_export(
    owner: asyncpg.Connection, log: Log, tmp_path: Path
) -> None:
    kept = read_head(exported(await owner.fetch(ROWS), tmp_path / "export.jsonl"))
    assert (await verify_log(owner, log, kept=kept)).broken is None
    await owner.execute("delete from audit_log where seq > 8")
    assert await broken_at(owner, log) is None
    verdict = await verify_log(owner, log, kept=kept)
    assert verdict.broken is not None and verdict.broken.seq == 9


async def test_a_wholly_rewritten_log_is_found_against_an_earlier_export(
    owner: asyncpg.Connection, log: Log, tmp_path: Path
) -> None:
    kept = read_head(exported(await owner.fetch(ROWS), tmp_path / "export.jsonl"))
    previous = GENESIS
    await owner.execute("alter table audit_log drop constraint audit_log_previous_hash_key")
    for row in await owner.fetch(ROWS):
        forged = hash_of(previous, {**dict(row), "actor_name": "nobody"})
        await owner.execute(
            "update audit_log set actor_name = 'nobody', previous_hash = $2, hash = $3 where seq = $1",
            row["seq"],
            previous,
            forged,
        )
        previous = forged
    assert await broken_at(owner, log) is None
    verdict = await verify_log(owner, log, kept=kept)
    assert verdict.broken is not None and verdict.broken.seq == 10


async def test_all_logs_are_looked_at_and_one_that_is_broken_hides_no_other(
    plane: Plane, owner: asyncpg.Connection, log: Log
) -> None:
    other = await plane.new_tenant()
    await owner.execute("delete from audit_log where seq = 2")
    verdicts = {verdict.log.name: verdict for verdict in await verify_logs(plane.owner_url, QUIET)}
    assert {log.name, other.id, CONTROL.name} <= set(verdicts)
    assert verdicts[log.name].broken is not None
    assert verdicts[other.id].broken is None and verdicts[CONTROL.name].broken is None
    (only,) = await verify_logs(plane.owner_url, QUIET, tenant=other.id)
    assert only.log == Log(other.id, other.schema)
    (control,) = await verify_logs(plane.owner_url, QUIET, control=True)
    assert control.log is CONTROL


async def test_a_tenant_that_is_not_there(plane: Plane) -> None:
    with pytest.raises(Unusable, match="no tenant nobody"):
        await verify_logs(plane.owner_url, QUIET, tenant="nobody")


async def test_against_is_for_one_log(plane: Plane, owner: asyncpg.Connection, log: Log, tmp_path: Path) -> None:
    path = exported(await owner.fetch(ROWS), tmp_path / "export.jsonl")
    with pytest.raises(Unusable, match="one log"):
        await verify_logs(plane.owner_url, QUIET, against=path)


async def test_the_export_of_the_product_is_verified_as_a_file(plane: Plane, log: Log, tmp_path: Path) -> None:
    path = tmp_path / "export.jsonl"
    async with plane.client(Tenant(log.name, log.schema)) as admin:
        path.write_bytes((await admin.get("/api/audit/export")).content)
    assert verify_file(path).count == 11
    told = CliRunner().invoke(app, ["audit", "verify", "--file", str(path)])
    assert told.exit_code == 0 and "11 entries fit" in told.output.replace("\n", " ")
    path.write_text(path.read_text().replace('"number": 4', '"number": 5'))
    assert CliRunner().invoke(app, ["audit", "verify", "--file", str(path)]).exit_code == 1


@pytest.mark.parametrize("content", ["", "nonsense", '{"seq": 1}\n', '{"count": 0, "head": 1}\n'])
def test_other_files_are_no_exports(tmp_path: Path, content: str) -> None:
    path = tmp_path / "export.jsonl"
    path.write_text(content)
    with pytest.raises(Unusable):
        verify_file(path)
    with pytest.raises(Unusable):
        read_head(path)
