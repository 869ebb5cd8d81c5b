"""A version goes to one canary, then to tenths; what does not become ready stops it."""

from datetime import timedelta
from uuid import UUID

import pytest

from control_plane.core.system import SYSTEM
from control_plane.provisioning.errors import CanaryUnknown, NothingToRollOut, RolloutOpen
from control_plane.provisioning.rules import DeploymentState, RolloutState, TurnState
from control_plane.provisioning.schemas import Outcome
from control_plane.provisioning.service import deployments, rollouts
from tests.control_plane.provisioning.support import DEADLINE, Fleet

TENANTS = ("acme", "globex", "hooli", "initech")


async def versions(fleet: Fleet) -> dict[str, tuple[str, str | None]]:
    rows = await fleet.control.sql("select tenant_id, wanted_version, actual_version from deployments order by 1")
    return {row[0]: (row[1], row[2]) for row in rows}


async def at(fleet: Fleet, rollout_id: UUID) -> tuple[RolloutState, int]:
    rollout = await fleet.rollout(rollout_id)
    return rollout.state, rollout.wave


async def cancel(fleet: Fleet, rollout_id: UUID) -> None:
    async with fleet.control.database.write(SYSTEM) as tx:
        await rollouts.cancel_rollout(tx, rollout_id)


async def resume(fleet: Fleet, rollout_id: UUID) -> None:
    async with fleet.control.database.write(SYSTEM) as tx:
        await rollouts.resume_rollout(tx, rollout_id)


async def test_one_canary_then_the_others(fleet: Fleet) -> None:
    await fleet.placed(*TENANTS)
    started = await fleet.start("2.0.0", canary="hooli")
    assert (started.wave, started.waves, started.tenants.rolling, started.tenants.waiting) == (1, 4, 1, 3)
    assert {tenant for tenant, (wanted, _) in (await versions(fleet)).items() if wanted == "2.0.0"} == {"hooli"}
    await fleet.round()
    assert await at(fleet, started.id) == (RolloutState.RUNNING, 2)
    assert (await versions(fleet))["hooli"] == ("2.0.0", "2.0.0")
    for _ in range(3):
        await fleet.round()
    ended = await fleet.rollout(started.id)
    assert (ended.state, ended.tenants.done) == (RolloutState.DONE, 4)
    assert set((await versions(fleet)).values()) == {("2.0.0", "2.0.0")}
    image = fleet.live("deployments", "tenant-acme", "worker")["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image == "registry.example/opsplane:2.0.0"
    assert await fleet.events() == ["rollout.started", "rollout.finished"]


async def test_a_wave_waits_for_readiness(fleet: Fleet) -> None:
    await fleet.placed(*TENANTS)
    started = await fleet.start("2.0.0")
    fleet.fake.cluster.is_settling = False
    for _ in range(3):
        await fleet.round()
    assert await at(fleet, started.id) == (RolloutState.RUNNING, 1)
    fleet.fake.cluster.settle()
    await fleet.round()
    assert await at(fleet, started.id) == (RolloutState.RUNNING, 2)


async def test_a_version_that_does_not_come_up_stops_at_the_canary(fleet: Fleet) -> None:
    await fleet.placed(*TENANTS)
    fleet.fake.cluster.broken_tags.add("2.0.0")
    started = await fleet.start("2.0.0")
    await fleet.round()
    assert await at(fleet, started.id) == (RolloutState.RUNNING, 1)
    fleet.control.clock.offset += DEADLINE
    await fleet.round()
    stopped = await fleet.rollout(started.id)
    assert stopped.state is RolloutState.STOPPED
    assert stopped.reason is not None
    assert stopped.reason.startswith("1 in wave 1 did not become ready: acme: not ready within the deadline: api: ")
    assert [(turn.tenant_id, turn.state) for turn in await fleet.turns(started.id)] == [
        ("acme", TurnState.FAILED),
        *((tenant, TurnState.WAITING) for tenant in TENANTS[1:]),
    ]
    assert {wanted for wanted, _ in (await versions(fleet)).values()} == {"1.0.0", "2.0.0"}
    assert (await fleet.deployment("acme")).ready  # the pods of the version before go on serving
    for _ in range(3):
        await fleet.round()
    assert await at(fleet, started.id) == (RolloutState.STOPPED, 1)
    assert await fleet.events() == ["rollout.started", "rollout.stopped"]


async def test_a_cluster_that_gives_up_stops_it_at_once(fleet: Fleet) -> None:
    await fleet.placed(*TENANTS)
    fleet.fake.cluster.broken_tags.add("2.0.0")
    fleet.fake.cluster.gives_up = True
    started = await fleet.start("2.0.0")
    await fleet.round()
    stopped = await fleet.rollout(started.id)
    assert (stopped.state, "timed out progressing" in str(stopped.reason)) == (RolloutState.STOPPED, True)


async def test_a_moment_without_the_cluster_stops_nothing(fleet: Fleet) -> None:
    await fleet.placed(*TENANTS)
    started = await fleet.start("2.0.0")
    fleet.fake.forbidden.add(("patch", "deployments"))
    await fleet.round()
    assert await at(fleet, started.id) == (RolloutState.RUNNING, 1)
    fleet.fake.forbidden.clear()
    await fleet.round()
    assert await at(fleet, started.id) == (RolloutState.RUNNING, 2)


async def test_it_goes_on_after_a_resume(fleet: Fleet) -> None:
    await fleet.placed(*TENANTS)
    fleet.fake.cluster.broken_tags.add("2.0.0")
    started = await fleet.start("2.0.0")
    fleet.control.clock.offset += DEADLINE * 2
    await fleet.round()
    assert await at(fleet, started.id) == (RolloutState.STOPPED, 1)
    await resume(fleet, started.id)
    await fleet.round()
    assert await at(fleet, started.id) == (RolloutState.RUNNING, 1)
    fleet.fake.cluster.broken_tags.clear()
    fleet.fake.cluster.settle()
    for _ in range(5):
        await fleet.round()
    assert await at(fleet, started.id) == (RolloutState.DONE, 4)
    assert await fleet.events() == ["rollout.started", "rollout.stopped", "rollout.resumed", "rollout.finished"]


async def test_a_cancelled_one_leaves_what_it_has_not_reached(fleet: Fleet) -> None:
    await fleet.placed(*TENANTS)
    started = await fleet.start("2.0.0")
    await cancel(fleet, started.id)
    for _ in range(3):
        await fleet.round()
    assert await at(fleet, started.id) == (RolloutState.CANCELLED, 1)
    assert (await versions(fleet))["acme"] == ("2.0.0", "2.0.0")
    assert {actual for tenant, (_, actual) in (await versions(fleet)).items() if tenant != "acme"} == {"1.0.0"}
    back = await fleet.start("1.0.0")
    assert (back.waves, back.tenants.rolling) == (1, 1)


async def test_one_at_a_time(fleet: Fleet) -> None:
    await fleet.placed(*TENANTS)
    started = await fleet.start("2.0.0")
    with pytest.raises(RolloutOpen, match=str(started.id)):
        await fleet.start("3.0.0")
    assert [row[0] for row in await fleet.control.sql("select version from rollouts")] == ["2.0.0"]


async def test_nothing_to_do_is_said(fleet: Fleet) -> None:
    with pytest.raises(NothingToRollOut):
        await fleet.start("1.0.0")
    await fleet.placed("acme")
    with pytest.raises(NothingToRollOut):
        await fleet.start("1.0.0")
    with pytest.raises(CanaryUnknown):
        await fleet.start("2.0.0", canary="globex")
    assert await fleet.control.sql("select id from rollouts") == []


async def test_any_process_goes_on_after_a_kill_and_several_do_no_harm(fleet: Fleet) -> None:
    """All that decides is in the database; a round is done twice, or by two at once."""
    await fleet.placed(*TENANTS)
    started = await fleet.start("2.0.0")
    for _ in range(5):
        fleet.control.clock.offset += timedelta(seconds=5)
        await fleet.rounds.reconcile_deployments()
        await fleet.rounds.reconcile_deployments()
        await fleet.rounds.advance_rollout()
        await fleet.rounds.advance_rollout()
    assert (await fleet.rollout(started.id)).tenants.done == 4
    assert (await fleet.events()).count("rollout.finished") == 1


async def test_a_look_that_began_before_a_wish_does_not_fulfil_it(fleet: Fleet) -> None:
    """The reconciler has looked at the old version while the rollout asked for the new one."""
    await fleet.placed("acme")
    before = Outcome("1.0.0", True, DeploymentState.READY, is_applied=True, is_ready=True)
    started = await fleet.start("2.0.0")
    async with fleet.control.database.write(SYSTEM) as tx:
        await deployments.note_outcome(tx, "acme", before)
    assert ((await fleet.deployment("acme")).state, await at(fleet, started.id)) == (
        DeploymentState.APPLYING,
        (RolloutState.RUNNING, 1),
    )
    assert await versions(fleet) == {"acme": ("2.0.0", "1.0.0")}
    await fleet.round()
    assert await versions(fleet) == {"acme": ("2.0.0", "2.0.0")}


async def test_who_leaves_holds_nobody_up_and_who_comes_gets_the_version_too(fleet: Fleet) -> None:
    await fleet.placed(*TENANTS)
    started = await fleet.start("2.0.0")
    await fleet.placement.remove("acme")
    await fleet.placed("newcomer")
    assert (await versions(fleet))["newcomer"][0] == "1.0.0"
    for _ in range(7):
        await fleet.round()
    ended = await fleet.rollout(started.id)
    assert (ended.state, ended.waves) == (RolloutState.DONE, 5)
    assert set((await versions(fleet)).values()) == {("2.0.0", "2.0.0")}
    await fleet.placed("later")
    assert (await versions(fleet))["later"] == ("2.0.0", "2.0.0")
