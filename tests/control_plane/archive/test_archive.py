"""A tenant leaves one whole installation as a file and is the same in another one."""

import asyncio
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from control_plane.core.system import SYSTEM
from control_plane.tenants.archive.tables import AUDIT, LEFT_OUT, TABLES, USERS
from control_plane.tenants.errors import PlaneFailed, TenantNotFound
from infra.local.archives import export_tenant, import_tenant
from infra.local.options import Unusable
from tests.control_plane.archive.filling import DOMAIN, FAY, Fay
from tests.control_plane.archive.support import (
    REASON,
    WITH_GRANTS,
    closed,
    control_rows,
    exported,
    fetch,
    imported,
    leaving_rows,
    parts_of,
    plane_rows,
    refused,
)
from tests.support.origin import InProcess
from tests.support.tenant_plane import until


async def test_the_other_installation_ends_in_an_equal_state(source: InProcess, destination: InProcess) -> None:
    """A table that is new and empty here fails this test until ``filling.py`` puts a row into it."""
    tenant = await imported(destination, await exported(source))
    assert (tenant.tenant_id, tenant.state, tenant.plan_version, tenant.notices) == ("acme", "active", 3, [])
    there, here = await plane_rows(source), await plane_rows(destination)
    assert [name for name, rows in there.items() if not rows] == []
    assert here == await leaving_rows(source)
    there, here = await control_rows(source), await control_rows(destination)
    assert [name for name, rows in there.items() if not rows] == []
    assert {name: rows for name, rows in here.items() if rows != there[name]} == {}
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


async def test_with_the_same_key_second_factors_and_single_sign_on_go_on(
    source: InProcess, destination: InProcess, fay: Fay
) -> None:
    await imported(destination, await exported(source))
    async with destination.client() as client:
        without = await client.post("/api/auth/token", json={"email": FAY, "password": fay.password})
    assert (without.status_code, without.json()["code"]) == (401, "OTP_REQUIRED")
    assert await destination.token(fay.with_code())
    assert await destination.token(fay.with_recovery_code())
    async with destination.client(await destination.token(source.demo.person("acme", "admin"))) as client:
        connection = (await client.get("/api/auth/sso")).json()["data"]["connection"]
    assert (connection["has_client_secret"], connection["is_enforced"]) == (True, True)
    assert connection["confirmed_domains"] == [DOMAIN]


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
    assert (await fetch(source, "select reason from control.operations where kind = 'export'"))[0] == (REASON,)
    assert await fetch(destination, audited.format("imported")) == [("tenant:acme", "system")]


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
    assert await plane_rows(destination) == await leaving_rows(source)


async def test_an_export_whose_receiver_goes_is_recorded_as_failed(source: InProcess) -> None:
    exporter = source.installation.control.state.exporter
    export = await exporter.start(SYSTEM, "acme", REASON)
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
    export = await source.installation.control.state.exporter.start(SYSTEM, "acme", REASON)
    async with source.client(await source.token(source.demo.person("acme", "admin"))) as client:
        seen = await client.get("/api/auth/audit", params={"action": "tenant.exported"})
        own = await client.get("/api/audit", params={"action": "tenant.exported"})
    async with source.client(await source.token(source.demo.person("globex", "admin"))) as client:
        elsewhere = await client.get("/api/auth/audit", params={"action": "tenant.exported"})
    told = {"tenant_id": "acme", "operation_id": str(export.operation_id), "reason": REASON}
    for answer, details in ((seen, told), (own, {**told, "by": "system"})):
        newest = answer.json()["data"]["items"][0]
        assert (newest["target"], newest["details"]) == ("tenant:acme", details)
    assert elsewhere.json()["data"]["items"] == []


async def test_over_http(source: InProcess, destination: InProcess) -> None:
    async with source.client(await source.root_token()) as client:
        answer = await client.get("/api/tenants/acme/export", params={"reason": REASON})
        nobody = await client.get("/api/tenants/never-was/export", params={"reason": REASON})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-tar")
    assert re.fullmatch(
        r'attachment; filename="opsplane-acme-\d{4}-\d\d-\d\d\.tar"', answer.headers["content-disposition"]
    )
    assert (nobody.status_code, nobody.json()["code"]) == (404, "NOT_FOUND")
    async with destination.client(await destination.root_token()) as client:
        made = await client.post("/api/tenants/import?plan=free", content=answer.content)
        again = await client.post("/api/tenants/import", content=answer.content)
        broken = await client.post("/api/tenants/import", content=answer.content[:9999])
    tenant = made.json()["data"]
    assert (made.status_code, tenant["state"], tenant["plan"]) == (201, "active", "free")
    assert tenant["notices"] == [
        "It had version 3 of the plan pro there and has version 2 of free here, with the limits of this installation.",
        f"Domains of single sign-on are not confirmed here yet: {DOMAIN}.",
        "Limits that were set there beside the plan do not count here: users.",
    ]
    notices = "select details -> 'notices' from control.operations where tenant_id = 'acme' and kind = 'import'"
    assert [json.loads(row[0]) for row in await fetch(destination, notices)] == [tenant["notices"]]
    assert [(a.status_code, a.json()["code"]) for a in (again, broken)] == [(409, "CONFLICT"), (422, "ARCHIVE_BROKEN")]


@pytest.mark.parametrize("reason", [None, "", "  ok  ", "x" * 501])
async def test_without_a_reason_nothing_leaves(source: InProcess, reason: str | None) -> None:
    recorded = "select count(*) from control.operations union all select count(*) from t_acme.audit_log"
    before = await fetch(source, recorded)
    async with source.client(await source.root_token()) as client:
        answer = await client.get("/api/tenants/acme/export", params={"reason": reason} if reason is not None else {})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "query.reason")
    assert await fetch(source, recorded) == before


async def test_nothing_leaves_before_the_tenants_own_log_knows(source: InProcess) -> None:
    state = source.installation.control.state
    exporter = state.exporter

    class Deaf:
        async def note_export(self, *_: Any) -> None:
            raise PlaneFailed("The tenant plane does not answer.")

    with pytest.raises(PlaneFailed):
        await replace(exporter, plane=Deaf()).start(SYSTEM, "acme", REASON)
    newest = "select state, error from control.operations where kind = 'export' order by created_at desc limit 1"
    assert await fetch(source, newest) == [("failed", "The tenant plane does not answer.")]


@pytest.mark.parametrize("role", ["viewer", "operator", "admin"])
async def test_members_carry_nothing_away(source: InProcess, role: str) -> None:
    async with source.client(await source.token(source.demo.person("acme", role))) as client:
        answers = [
            await client.get("/api/tenants/acme/export", params={"reason": REASON}),
            await client.post("/api/tenants/import", content=b"x"),
        ]
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
    size = await export_tenant(source.installation, "acme", file, REASON, console)
    assert size == len(await asyncio.to_thread(file.read_bytes))
    tenant = await import_tenant(destination.installation, file, WITH_GRANTS, console)
    assert (tenant.tenant_id, tenant.state) == ("acme", "active")
    with pytest.raises(Unusable, match="File exists"):
        await export_tenant(source.installation, "acme", file, REASON, console)
    with pytest.raises(TenantNotFound):
        await export_tenant(source.installation, "never-was", tmp_path / "nobody.tar", REASON, console)
    with pytest.raises(Unusable, match="No such file"):
        await import_tenant(destination.installation, tmp_path / "nothing.tar", WITH_GRANTS, console)
    assert [found.name for found in tmp_path.iterdir()] == ["acme.tar"]  # noqa: ASYNC240
