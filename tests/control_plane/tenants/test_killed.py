"""Killed at every point of every flow: before and after each commit, before and after each call to a plane.

Whoever comes next (a tick in a new process) brings the tenant to
the state that was wanted, or finds that nothing was.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from control_plane.core.system import SYSTEM
from control_plane.tenants import service
from control_plane.tenants.errors import TenantNotFound
from control_plane.tenants.flows import TenantFlows
from control_plane.tenants.rules import UNFINISHED, Where
from control_plane.tenants.schemas import Delete, Move, TenantCreate
from shared.contracts.tenants import Standing
from tests.control_plane.fate import Fate, Killed, MortalCalls, MortalDatabase, lives
from tests.control_plane.support import ControlPlane
from tests.control_plane.tenants.life import ACME, all_operations, flows_of, settle, state_of

ACCEPTED = ["one", "two"]


def mortal(flows: TenantFlows, fate: Fate) -> TenantFlows:
    database, plane = MortalDatabase(flows.database, fate), MortalCalls(flows.plane, fate)
    return replace(flows, database=database, plane=plane, placement=MortalCalls(flows.placement, fate))


Flow = Callable[[TenantFlows], Awaitable[Any]]


async def killed_everywhere(
    control: ControlPlane,
    prepare: Callable[[], Awaitable[None]],
    flow: Flow,
    check: Callable[[], Awaitable[None]],
    at_least: int,
) -> None:
    """Each life begins with ``prepare`` on empty tables; the longest has ``at_least`` points."""
    for fate in lives(at_least):
        await emptied(control)
        await prepare()
        try:
            await flow(mortal(flows_of(control), fate))
        except Killed:
            await control.pass_time(20)
            await settle(control)
            await check()
            unfinished = [o for o in await operations_of_all(control) if o in UNFINISHED]
            assert unfinished == [], fate
        else:
            await check()


async def emptied(control: ControlPlane) -> None:
    await control.execute("delete from operations")
    await control.execute("delete from tenants")
    for plane in (control.plane, control.dedicated):
        plane.tenants.clear()
        plane.rows.clear()


async def operations_of_all(control: ControlPlane) -> list[str]:
    return [row[0] for row in await control.sql("select state from operations")]


async def active(control: ControlPlane) -> None:
    await flows_of(control).create_tenant(SYSTEM, TenantCreate.model_validate(ACME))
    assert all(control.plane.accept("acme", row) for row in ACCEPTED)


async def test_create(control: ControlPlane) -> None:
    command = TenantCreate.model_validate(ACME)

    async def nothing() -> None:
        return

    async def check() -> None:
        """The same request finds it finished, or makes it: the caller heard nothing and asks again."""
        await flows_of(control).create_tenant(SYSTEM, command)
        assert await state_of(control) == "active"
        assert control.plane.tenants["acme"].state == Standing.ACTIVE

    await killed_everywhere(control, nothing, lambda flows: flows.create_tenant(SYSTEM, command), check, at_least=11)


async def wanted_or_never_recorded(control: ControlPlane, kind: str, state: str, standing: str) -> None:
    """Killed before the first commit nothing was wanted; after it the plane must have it."""
    kinds = [operation.kind for operation in await all_operations(control)]
    expected = (state, standing) if kind in kinds else BEFORE[kind]
    assert (await state_of(control), control.plane.tenants["acme"].state) == expected


BEFORE = {
    "suspend": ("active", "active"),
    "resume": ("suspended", "suspended"),
    "delete": ("active", "active"),
    "restore": ("deleting", "suspended"),
}
DELETE = Delete(confirm="acme")


@pytest.mark.parametrize(
    ("kind", "state", "standing"),
    [
        ("suspend", "suspended", "suspended"),
        ("resume", "active", "active"),
        ("delete", "deleting", "suspended"),
        ("restore", "active", "active"),
    ],
)
async def test_changes(control: ControlPlane, kind: str, state: str, standing: str) -> None:
    flow: Flow = {
        "suspend": lambda flows: flows.suspend_tenant(SYSTEM, "acme", "unpaid"),
        "resume": lambda flows: flows.resume_tenant(SYSTEM, "acme"),
        "delete": lambda flows: flows.delete_tenant(SYSTEM, "acme", DELETE),
        "restore": lambda flows: flows.restore_tenant(SYSTEM, "acme"),
    }[kind]
    earlier: list[Flow] = {
        "suspend": [],
        "resume": [lambda flows: flows.suspend_tenant(SYSTEM, "acme", "unpaid")],
        "delete": [],
        "restore": [lambda flows: flows.delete_tenant(SYSTEM, "acme", DELETE)],
    }[kind]

    async def prepare() -> None:
        await active(control)
        for step in earlier:
            await step(flows_of(control))

    async def check() -> None:
        await wanted_or_never_recorded(control, kind, state, standing)
        assert control.plane.rows == {"acme": ACCEPTED}

    await killed_everywhere(control, prepare, flow, check, at_least=10)


async def test_purge(control: ControlPlane) -> None:
    async def prepare() -> None:
        await active(control)
        await control.add_user("ana@acme.example", {})
        await flows_of(control).delete_tenant(SYSTEM, "acme", DELETE)
        await control.pass_time(31 * 86400)

    async def prepared() -> None:
        await control.execute("delete from users")
        await prepare()

    async def check() -> None:
        assert (await state_of(control), control.plane.tenants) == ("gone", {})

    await killed_everywhere(control, prepared, lambda flows: flows.work_on("acme"), check, at_least=9)


async def move_at_once(control: ControlPlane) -> None:
    await control.execute("update tenants set placement = 'dedicated', cell = 'acme'")
    control.dedicated.tenants, control.plane.tenants = control.plane.tenants, control.dedicated.tenants
    control.dedicated.rows, control.plane.rows = control.plane.rows, control.dedicated.rows


async def moves(control: ControlPlane, source: Where, destination: Where) -> None:
    planes = {Where.SHARED: control.plane, Where.DEDICATED: control.dedicated}

    async def prepare() -> None:
        await active(control)
        if source is Where.DEDICATED:
            await move_at_once(control)
        await flows_of(control).move_tenant(SYSTEM, "acme", Move(placement=destination))

    async def check() -> None:
        assert planes[destination].accept("acme", "three")
        assert planes[destination].rows == {"acme": [*ACCEPTED, "three"]}
        assert planes[source].tenants == {}
        assert await control.sql("select placement from tenants") == [(destination,)]

    await killed_everywhere(control, prepare, lambda flows: flows.work_on("acme"), check, at_least=40)


async def test_move_to_a_plane_of_its_own(control: ControlPlane) -> None:
    await moves(control, Where.SHARED, Where.DEDICATED)


async def test_move_back_to_the_shared_plane(control: ControlPlane) -> None:
    await moves(control, Where.DEDICATED, Where.SHARED)


async def test_a_move_that_is_taken_back(control: ControlPlane) -> None:
    async def prepare() -> None:
        await active(control)
        await flows_of(control).move_tenant(SYSTEM, "acme", Move(placement=Where.DEDICATED))
        control.dedicated.failing = {"lossy"}

    async def check() -> None:
        assert control.plane.accept("acme", "three")
        assert control.plane.rows == {"acme": [*ACCEPTED, "three"]}
        assert control.dedicated.tenants == {}
        assert [(o.kind, o.state) for o in await all_operations(control)][-1] == ("move", "failed")

    await killed_everywhere(control, prepare, lambda flows: flows.work_on("acme"), check, at_least=40)


async def test_nothing_is_left_of_a_create_that_was_never_committed(control: ControlPlane) -> None:
    with pytest.raises(Killed):
        await mortal(flows_of(control), Fate(1)).create_tenant(SYSTEM, TenantCreate.model_validate(ACME))
    with pytest.raises(TenantNotFound):
        async with control.database.read(SYSTEM) as tx:
            await service.get_tenant(tx, "acme")
