"""A tenant leaves one whole installation as a file and is the same in another one."""

import asyncio
import re
from pathlib import Path

import pytest
from rich.console import Console

from control_plane.core.system import SYSTEM
from control_plane.tenants.archive.tables import AUDIT, LEFT_OUT, TABLES, USERS
from control_plane.tenants.errors import TenantNotFound
from infra.local.archives import export_tenant, import_tenant
from infra.local.options import Unusable
from tests.control_plane.archive.support import (
    closed,
    control_rows,
    exported,
    fetch,
    imported,
    parts_of,
    plane_rows,
    refused,
    sql,
)
from tests.support.origin import InProcess
from tests.support.tenant_plane import until


async def test_the_other_installation_ends_in_an_equal_state(source: InProcess, destination: InProcess) -> None:
    tenant = await imported(destination, await exported(source))
    assert (tenant.tenant_id, tenant.state, tenant.plan_version) == ("acme", "active", 3)
    assert await plane_rows(destination) == await plane_rows(source)
    there, here = await control_rows(source), await control_rows(destination)
    assert {name: rows for name, rows in here.items() if rows != there[name]} == {}
    assert len(there[USERS]) == 3 and there["limit_overrides"] and there["usage_days"] and there["usage_shares"]
    plane = "select name, plan, state, limits from plane.tenants where tenant_id = 'acme'"
    assert await fetch(destination, plane) == await fetch(source, plane)


async def test_people_and_keys_work_at_the_new_place(source: InProcess, destination: InProcess) -> None:
    await imported(destination, await exported(source))
    token = await destination.token(source.demo.person("acme", "operator"))
    async with destination.client(token) as client:
        there = await client.get("/api/incidents?limit=5")
    async with source.client(await source.token(source.demo.person("acme", "operator"))) as client:
        here = await client.get("/api/incidents?limit=5")
    assert there.json() == here.json() and here.json()["data"]["total"] > 0
    async with destination.client(source.demo.api_key("acme")) as client:
        sent = await client.post("/api/webhook", json={"title": "hello", "severity": "low", "service": "new"})
    assert sent.status_code == 200
    async with destination.client(await destination.token(destination.demo.person("globex", "admin"))) as client:
        assert (await client.get("/api/incidents")).json()["data"]["total"] == 0


async def test_what_is_recorded(source: InProcess, destination: InProcess) -> None:
    content = await exported(source)
    names = [name for name, _ in await parts_of(content)]
    assert names[0] == "manifest.json" and names[-1] == "end.json" and "plane/manifest.json" in names
    assert {name.split("/")[1] for name in names if name.startswith("control/")} >= {USERS, "memberships", AUDIT}
    await imported(destination, content)
    operation = (
        "select state, finished_at is not null from control.operations where kind = '{}' order by created_at desc"
    )
    assert (await fetch(source, operation.format("export")))[0] == ("succeeded", True)
    assert (await fetch(destination, operation.format("import")))[0] == ("succeeded", True)
    audited = "select target, actor_name from control.audit_log where action = 'tenant.{}' order by seq desc limit 1"
    assert await fetch(source, audited.format("exported")) == [("tenant:acme", "system")]
    assert await fetch(destination, audited.format("imported")) == [("tenant:acme", "system")]


async def test_people_who_are_here_already_only_become_members(source: InProcess, destination: InProcess) -> None:
    person = source.demo.person("acme", "admin")
    await sql(
        destination,
        "insert into control.users (id, email, name, password_hash, is_super_admin, created_at) select"
        f" gen_random_uuid(), '{person['email']}', 'Somebody', password_hash, true, now() from control.users"
        " where is_super_admin",
    )
    before = await fetch(
        destination, f"select id, name, password_hash from control.users where email = '{person['email']}'"
    )
    await imported(destination, await exported(source))
    after = await fetch(
        destination, f"select id, name, password_hash from control.users where email = '{person['email']}'"
    )
    assert after == before
    role = f"select role from control.memberships where tenant_id = 'acme' and user_id = '{before[0][0]}'"
    assert await fetch(destination, role) == [("admin",)]


async def test_nobody_becomes_super_admin_by_an_archive(source: InProcess, destination: InProcess) -> None:
    parts = await parts_of(await exported(source))
    forged = [
        (name, content.replace(b'"is_super_admin": false', b'"is_super_admin": true')) for name, content in parts[:-1]
    ]
    assert forged != parts[:-1]
    await imported(destination, closed(forged))
    people = "select email from control.users where is_super_admin"
    assert await fetch(destination, people) == [("root@opsplane.example",)]


async def test_a_suspended_tenant_arrives_suspended(source: InProcess, destination: InProcess) -> None:
    parts = await parts_of(await exported(source))
    manifest = parts[0][1].replace(b'"state": "active"', b'"state": "suspended"')
    manifest = manifest.replace(b'"suspended_reason": null', b'"suspended_reason": "unpaid"')
    tenant = await imported(destination, closed([("manifest.json", manifest), *parts[1:-1]]))
    assert (tenant.state, tenant.suspended_reason) == ("suspended", "unpaid")
    assert await fetch(destination, "select state from plane.tenants where tenant_id = 'acme'") == [("suspended",)]


async def test_an_archive_overwrites_nothing(source: InProcess) -> None:
    content, before = await exported(source), (await plane_rows(source), await control_rows(source))
    assert await refused(source, content) == (409, "CONFLICT")
    assert (await plane_rows(source), await control_rows(source)) == before


async def test_of_two_imports_at_once_one_tenant_comes(source: InProcess, destination: InProcess) -> None:
    content = await exported(source)
    outcomes = await asyncio.gather(*(imported(destination, content) for _ in range(3)), return_exceptions=True)
    assert sorted(getattr(outcome, "status", 201) for outcome in outcomes) == [201, 409, 409]
    assert await plane_rows(destination) == await plane_rows(source)


async def test_an_export_whose_receiver_goes_is_recorded_as_failed(source: InProcess) -> None:
    exporter = source.installation.control.state.exporter
    export = await exporter.start(SYSTEM, "acme")
    reached, never = asyncio.Event(), asyncio.Event()

    async def write(_: bytes) -> None:
        reached.set()
        await never.wait()

    writing = asyncio.create_task(exporter.write(SYSTEM, export, write))
    await reached.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    recorded = f"select state, error is not null from control.operations where id = '{export.operation_id}'"

    async def failed() -> bool | None:
        return await fetch(source, recorded) == [("failed", True)] or None

    await until(failed)


async def test_the_tenants_admins_see_who_took_an_export(source: InProcess) -> None:
    export = await source.installation.control.state.exporter.start(SYSTEM, "acme")
    async with source.client(await source.token(source.demo.person("acme", "admin"))) as client:
        seen = await client.get("/api/auth/audit", params={"action": "tenant.exported"})
    async with source.client(await source.token(source.demo.person("globex", "admin"))) as client:
        elsewhere = await client.get("/api/auth/audit", params={"action": "tenant.exported"})
    newest = seen.json()["data"]["items"][0]
    assert (newest["target"], newest["details"]["operation_id"]) == ("tenant:acme", str(export.operation_id))
    assert elsewhere.json()["data"]["items"] == []


async def test_over_http(source: InProcess, destination: InProcess) -> None:
    async with source.client(await source.token(source.demo.super_admin)) as client:
        answer = await client.get("/api/tenants/acme/export")
        nobody = await client.get("/api/tenants/never-was/export")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-tar")
    assert re.fullmatch(
        r'attachment; filename="opsplane-acme-\d{4}-\d\d-\d\d\.tar"', answer.headers["content-disposition"]
    )
    assert (nobody.status_code, nobody.json()["code"]) == (404, "NOT_FOUND")
    async with destination.client(await destination.token(destination.demo.super_admin)) as client:
        made = await client.post("/api/tenants/import", content=answer.content)
        again = await client.post("/api/tenants/import", content=answer.content)
        broken = await client.post("/api/tenants/import", content=answer.content[:9999])
    assert (made.status_code, made.json()["data"]["state"]) == (201, "active")
    assert [(a.status_code, a.json()["code"]) for a in (again, broken)] == [(409, "CONFLICT"), (422, "ARCHIVE_BROKEN")]


@pytest.mark.parametrize("role", ["viewer", "operator", "admin"])
async def test_members_carry_nothing_away(source: InProcess, role: str) -> None:
    async with source.client(await source.token(source.demo.person("acme", role))) as client:
        answers = [await client.get("/api/tenants/acme/export"), await client.post("/api/tenants/import", content=b"x")]
    assert [answer.status_code for answer in answers] == [403, 403]


async def test_every_table_about_tenants_goes_along_or_has_a_reason_not_to(source: InProcess) -> None:
    found = await fetch(
        source,
        "select distinct table_name::text from information_schema.columns"
        " where table_schema = 'control' and column_name = 'tenant_id'",
    )
    of_people = {USERS, "second_factors", "recovery_codes"}
    listed = {table.name for table in TABLES} - of_people | set(LEFT_OUT)
    assert {name for (name,) in found} == listed


async def test_at_the_terminal(source: InProcess, destination: InProcess, tmp_path: Path) -> None:
    file, console = tmp_path / "acme.tar", Console(quiet=True)
    size = await export_tenant(source.installation, "acme", file, console)
    assert size == len(await asyncio.to_thread(file.read_bytes))
    tenant = await import_tenant(destination.installation, file, console)
    assert (tenant.tenant_id, tenant.state) == ("acme", "active")
    with pytest.raises(Unusable, match="File exists"):
        await export_tenant(source.installation, "acme", file, console)
    with pytest.raises(TenantNotFound):
        await export_tenant(source.installation, "never-was", tmp_path / "nobody.tar", console)
    with pytest.raises(Unusable, match="No such file"):
        await import_tenant(destination.installation, tmp_path / "nothing.tar", console)
    assert [found.name for found in tmp_path.iterdir()] == ["acme.tar"]  # noqa: ASYNC240
