"""The control plane's audit log: written with the change, seen by whom it concerns, and by nobody else."""

import asyncio
import json
from typing import Any, ClassVar

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from control_plane.core.system import SYSTEM
from control_plane.identity.rules import Role
from shared.audit.chain import Check, check_export
from shared.tx import Event
from tests.control_plane.support import ControlPlane, bearer

LOG = "/api/auth/audit"
RAW = "select *, details::text as details from control.audit_log order by seq"


class DoorOpened(Event):
    kind: ClassVar[str] = "door.opened"
    audited: ClassVar[bool] = True

    door: str
    tenant_id: str | None = None

    @property
    def target(self) -> str:
        return f"door:{self.door}"

    @property
    def audited_tenant(self) -> str | None:
        return self.tenant_id


class DoorSeen(Event):
    kind: ClassVar[str] = "door.seen"


async def record(control: ControlPlane, *events: Event) -> None:
    async with control.database.write(SYSTEM) as tx:
        for event in events:
            tx.record(event)


async def listed(control: ControlPlane, headers: dict[str, str], query: str = "?action=door.") -> list[Any]:
    answer = await control.client.get(f"{LOG}{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    items: list[Any] = answer.json()["data"]["items"]
    return items


async def checked(url: str) -> Check:
    connection, check = await asyncpg.connect(url), Check()
    for row in await connection.fetch(RAW):
        check.take(dict(row))
    await connection.close()
    check.require_all()
    return check


async def admin_of(control: ControlPlane, tenant_id: str, role: Role = Role.ADMIN) -> dict[str, str]:
    await control.add_user(f"{role}@{tenant_id}.example", {tenant_id: role})
    return bearer((await control.sign_in(f"{role}@{tenant_id}.example"))["token"])


async def test_audited_events_are_entries_in_the_same_commit(control: ControlPlane, empty_url: str) -> None:
    await record(control, DoorOpened(door="a"), DoorSeen(), DoorOpened(door="b", tenant_id="acme"))
    rows = await control.sql(
        "select action, target, tenant_id, actor_id, result, details from audit_log"
        " where action like 'door.%' order by seq"
    )
    assert [tuple(row) for row in rows] == [
        ("door.opened", "door:a", None, "system", "done", {"door": "a", "tenant_id": None}),
        ("door.opened", "door:b", "acme", "system", "done", {"door": "b", "tenant_id": "acme"}),
    ]
    await checked(empty_url)


async def test_many_writers_make_one_chain(control: ControlPlane, empty_url: str) -> None:
    before = (await checked(empty_url)).count
    await asyncio.gather(*(record(control, DoorOpened(door=str(n)), DoorOpened(door="x")) for n in range(10)))
    assert (await checked(empty_url)).count == before + 20


async def test_administrators_see_what_concerns_their_tenant(control: ControlPlane) -> None:
    await control.add_tenant("acme")
    await control.add_tenant("globex")
    await record(
        control, DoorOpened(door="a", tenant_id="acme"), DoorOpened(door="g", tenant_id="globex"), DoorOpened(door="s")
    )
    root, acme = await control.super_admin(), await admin_of(control, "acme")
    assert [entry["target"] for entry in await listed(control, root)] == ["door:s", "door:g", "door:a"]
    assert [(e["target"], e["tenant_id"]) for e in await listed(control, acme)] == [("door:a", "acme")]
    assert [e["target"] for e in await listed(control, root, "?action=door.&tenant_id=globex")] == ["door:g"]
    assert await listed(control, acme, "?action=door.&tenant_id=globex") == []
    assert {e["tenant_id"] for e in await listed(control, acme, "?limit=1000")} == {"acme"}


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
async def test_others_see_nothing(control: ControlPlane, role: Role) -> None:
    headers = await control.member(role)
    for path in (LOG, f"{LOG}/export"):
        answer = await control.client.get(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
    assert await control.sql("select seq from audit_log where action = 'audit.exported'") == []


async def test_an_administrators_export_has_only_their_entries(control: ControlPlane) -> None:
    await control.add_tenant("acme")
    await record(control, DoorOpened(door="a", tenant_id="acme"), DoorOpened(door="s"), DoorOpened(door="t"))
    answer = await control.client.get(f"{LOG}/export", headers=await admin_of(control, "acme"))
    lines = answer.text.splitlines()
    told = [json.loads(line) for line in lines]
    assert {entry["tenant_id"] for entry in told[:-1]} == {"acme"}
    assert told[-2]["action"] == "audit.exported"
    assert told[-1]["complete"] is False
    assert check_export(lines).count == len(lines) - 1


async def test_a_super_admins_export_is_the_whole_chain(control: ControlPlane, empty_url: str) -> None:
    await record(control, *(DoorOpened(door=str(number)) for number in range(1200)))
    answer = await control.client.get(f"{LOG}/export", headers=await control.super_admin())
    assert check_export(answer.text.splitlines()) == await checked(empty_url)
    assert json.loads(answer.text.splitlines()[-1])["complete"] is True


async def test_a_refused_write_is_seen_by_the_tenants_administrator(control: ControlPlane) -> None:
    await control.add_tenant("acme")
    viewer = await admin_of(control, "acme", Role.VIEWER)
    for _ in range(3):
        assert (await control.client.post("/api/tenants", json={}, headers=viewer)).status_code in (403, 422)
        new = {"tenant_id": "initech", "name": "Initech", "plan": "pro", "contact_email": "a@initech.example"}
        assert (await control.client.post("/api/tenants", json=new, headers=viewer)).status_code == 403
    (entry,) = await listed(control, await admin_of(control, "acme"), "?result=refused")
    assert (entry["action"], entry["target"], entry["actor_name"]) == (
        "call.refused",
        "operation:create_tenant",
        "viewer@acme.example",
    )
    assert await control.sql("select tenant_id from tenants") == [("acme",)]


@pytest.mark.parametrize(
    "statement", ["update audit_log set target = ''", "delete from audit_log", "truncate audit_log"]
)
async def test_the_serving_role_can_only_append(control: ControlPlane, statement: str) -> None:
    await record(control, DoorOpened(door="a"))

    async def spoil() -> None:
        async with control.database.write(SYSTEM) as tx:
            await tx.session.execute(text(statement))

    with pytest.raises(DBAPIError, match="permission denied"):
        await spoil()
