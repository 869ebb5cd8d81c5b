"""A version for all dedicated planes, wave after wave.

Everything that decides stands in the database, so a rollout goes on in any process and after any kill. It only sets
what is wanted; the reconciler brings it about and notes what came of it, and ``advance_rollout`` reads that.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from pydantic import Field, TypeAdapter
from uuid_utils.compat import uuid7

from control_plane.core.permissions import Permission
from control_plane.core.tables import AnyRow
from control_plane.provisioning import queries, rules
from control_plane.provisioning.errors import (
    CanaryUnknown,
    NothingToRollOut,
    RolloutEnded,
    RolloutNotResumable,
    RolloutOpen,
)
from control_plane.provisioning.models import Deployment, Rollout, Turn
from control_plane.provisioning.rules import DeploymentState, RolloutState, TurnState
from control_plane.provisioning.schemas import (
    RolloutCancelled,
    RolloutFinished,
    RolloutRead,
    RolloutResumed,
    RolloutStart,
    RolloutStarted,
    RolloutStopped,
    TurnCounts,
    TurnRead,
)
from shared.fields import Text
from shared.pages import TIME_AND_ID, Page, PageQuery, cut, position
from shared.tx import ReadTx, WriteTx

TURN_KEY = TypeAdapter(tuple[Annotated[int, Field(ge=0, lt=2**31)], Text])
ENDED = (RolloutState.DONE, RolloutState.CANCELLED)
REASON_NAMES = 5


async def list_rollouts(tx: ReadTx, query: PageQuery) -> Page[RolloutRead]:
    """Newest first."""
    tx.require(Permission.PLACEMENTS_READ)
    after = None if query.after is None else position(query.after, TIME_AND_ID)
    rows = await queries.rollouts_after(tx, after=after, skip=query.skip, limit=query.size + 1)
    shown, cursor = cut(rows, query.size, lambda row: [row.created_at, row.id])
    return Page(
        items=await _with_counts(tx, shown),
        total=await queries.count_rollouts(tx),
        limit=query.size,
        offset=query.skip,
        next_cursor=cursor,
    )


async def get_rollout(tx: ReadTx, rollout_id: UUID) -> RolloutRead:
    tx.require(Permission.PLACEMENTS_READ)
    return (await _with_counts(tx, [await queries.one_rollout(tx, rollout_id)]))[0]


async def list_rollout_tenants(tx: ReadTx, rollout_id: UUID, query: PageQuery) -> Page[TurnRead]:
    """In the order of their turn."""
    tx.require(Permission.PLACEMENTS_READ)
    after = None if query.after is None else position(query.after, TURN_KEY)
    rollout = await get_rollout(tx, rollout_id)
    rows = await queries.turns_after(tx, rollout_id, after=after, skip=query.skip, limit=query.size + 1)
    shown, cursor = cut(rows, query.size, lambda row: [row.wave, row.tenant_id])
    return Page(
        items=[TurnRead.model_validate(row) for row in shown],
        total=sum(rollout.tenants.model_dump().values()),
        limit=query.size,
        offset=query.skip,
        next_cursor=cursor,
    )


async def start_rollout(tx: WriteTx, command: RolloutStart) -> RolloutRead:
    """Raises RolloutOpen, NothingToRollOut, CanaryUnknown."""
    tx.require(Permission.PLACEMENTS_MANAGE)
    members = await queries.deployments_to_roll(tx, command.version)
    if (earlier := await queries.open_rollout(tx)) is not None:
        raise RolloutOpen(earlier.id, earlier.version)
    if not members:
        raise NothingToRollOut(command.version)
    canary = command.canary or members[0].tenant_id
    if canary not in {member.tenant_id for member in members}:
        raise CanaryUnknown(canary)
    waves = rules.waves(sorted(members, key=lambda member: (member.tenant_id != canary, member.tenant_id)))
    rollout = Rollout(
        id=uuid7(),
        version=command.version,
        state=RolloutState.RUNNING,
        wave=1,
        waves=len(waves),
        started_by=tx.actor.name,
        wave_started_at=tx.now,
        created_at=tx.now,
        updated_at=tx.now,
    )
    tx.session.add(rollout)
    await tx.session.flush()
    for number, wave in enumerate(waves, start=1):
        tx.session.add_all(_turn(rollout, number, member) for member in wave)
    await tx.session.flush()
    await _begin_wave(tx, rollout, 1)
    tx.record(RolloutStarted(rollout_id=rollout.id, version=rollout.version, tenants=len(members), canary=canary))
    return await _read(tx, rollout)


async def resume_rollout(tx: WriteTx, rollout_id: UUID) -> RolloutRead:
    """Those that failed get another turn, with the whole deadline."""
    tx.require(Permission.PLACEMENTS_MANAGE)
    rollout = await queries.locked_rollout(tx, rollout_id)
    if rollout.state != RolloutState.STOPPED:
        raise RolloutNotResumable(rollout.state)
    rollout.state, rollout.reason = RolloutState.RUNNING, None
    await _begin_wave(tx, rollout, rollout.wave)
    tx.record(RolloutResumed(rollout_id=rollout.id, version=rollout.version))
    return await _read(tx, rollout)


async def cancel_rollout(tx: WriteTx, rollout_id: UUID) -> RolloutRead:
    """Tenants whose turn has come keep the new version; a rollout of the old one takes it back."""
    tx.require(Permission.PLACEMENTS_MANAGE)
    rollout = await queries.locked_rollout(tx, rollout_id)
    if rollout.state in ENDED:
        raise RolloutEnded(rollout.state)
    rollout.state, rollout.updated_at, rollout.finished_at = RolloutState.CANCELLED, tx.now, tx.now
    tx.record(RolloutCancelled(rollout_id=rollout.id, version=rollout.version))
    return await _read(tx, rollout)


async def advance_rollout(tx: WriteTx, deadline: timedelta) -> None:
    """Look at the current wave of the running rollout: go on, stop, or leave it as it is."""
    tx.require(Permission.PLACEMENTS_MANAGE)
    rollout = await queries.running_rollout(tx)
    if rollout is None:
        return
    pairs = await queries.turns_of_wave(tx, rollout.id, rollout.wave)
    is_overdue = rules.is_overdue(rollout.wave_started_at, tx.now, deadline)
    for turn, deployment in pairs:
        if turn.state == TurnState.ROLLING:
            _note_turn(tx, turn, deployment, rollout.version, is_overdue=is_overdue)
    failed = [turn for turn, _ in pairs if turn.state == TurnState.FAILED]
    if failed:
        _stop(tx, rollout, failed)
    elif all(turn.state == TurnState.DONE for turn, _ in pairs):
        await _go_on(tx, rollout)


def _note_turn(tx: WriteTx, turn: Turn, deployment: Deployment | None, version: str, *, is_overdue: bool) -> None:
    if deployment is None or deployment.state == DeploymentState.REMOVING:
        turn.state, turn.error, turn.finished_at = TurnState.DONE, "removed meanwhile", tx.now
    elif deployment.state == DeploymentState.READY and deployment.actual_version == version:
        turn.state, turn.error, turn.finished_at = TurnState.DONE, None, tx.now
    elif deployment.state == DeploymentState.FAILED or is_overdue:
        why = deployment.last_error or "not looked at"
        turn.state, turn.finished_at = TurnState.FAILED, tx.now
        turn.error = why if deployment.state == DeploymentState.FAILED else f"not ready within the deadline: {why}"


def _stop(tx: WriteTx, rollout: Rollout, failed: Sequence[Turn]) -> None:
    named = "; ".join(f"{turn.tenant_id}: {turn.error}" for turn in failed[:REASON_NAMES])
    more = f"; and {len(failed) - REASON_NAMES} more" if len(failed) > REASON_NAMES else ""
    rollout.state, rollout.updated_at = RolloutState.STOPPED, tx.now
    rollout.reason = f"{len(failed)} in wave {rollout.wave} did not become ready: {named}{more}"
    tx.record(RolloutStopped(rollout_id=rollout.id, version=rollout.version, reason=rollout.reason))


async def _go_on(tx: WriteTx, rollout: Rollout) -> None:
    """The next wave; after the last one, those that were placed meanwhile; then the end."""
    if rollout.wave < rollout.waves:
        await _begin_wave(tx, rollout, rollout.wave + 1)
        return
    if newcomers := await queries.deployments_to_roll(tx, rollout.version):
        rollout.waves += 1
        for member in newcomers:  # one that went and came back has had a turn
            await tx.session.merge(_turn(rollout, rollout.waves, member))
        await tx.session.flush()
        await _begin_wave(tx, rollout, rollout.waves)
        return
    rollout.state, rollout.updated_at, rollout.finished_at = RolloutState.DONE, tx.now, tx.now
    tx.record(RolloutFinished(rollout_id=rollout.id, version=rollout.version))


async def _begin_wave(tx: WriteTx, rollout: Rollout, wave: int) -> None:
    """Want the version for all of the wave that do not have it."""
    rollout.wave, rollout.wave_started_at, rollout.updated_at = wave, tx.now, tx.now
    for turn, deployment in await queries.turns_of_wave(tx, rollout.id, wave):
        if turn.state == TurnState.DONE:
            continue
        turn.state, turn.error, turn.started_at, turn.finished_at = TurnState.ROLLING, None, tx.now, None
        if deployment is not None and deployment.state != DeploymentState.REMOVING:
            deployment.wanted_version, deployment.updated_at = rollout.version, tx.now
            deployment.state = DeploymentState.APPLYING


def _turn(rollout: Rollout, wave: int, member: Deployment) -> Turn:
    return Turn(
        rollout_id=rollout.id,
        tenant_id=member.tenant_id,
        wave=wave,
        state=TurnState.WAITING,
        previous_version=member.actual_version or member.wanted_version,
    )


async def _read(tx: ReadTx, rollout: Rollout) -> RolloutRead:
    await tx.session.flush()
    counts = {row.state: row.turns for row in await queries.turn_counts(tx, [rollout.id])}
    read = RolloutRead.model_validate({name: getattr(rollout, name) for name in OWN_FIELDS})
    return read.model_copy(update={"tenants": TurnCounts(**counts)})


async def _with_counts(tx: ReadTx, rows: Sequence[AnyRow]) -> list[RolloutRead]:
    counts: dict[UUID, dict[str, int]] = {row.id: {} for row in rows}
    for row in await queries.turn_counts(tx, list(counts)):
        counts[row.rollout_id][row.state] = row.turns
    return [RolloutRead.model_validate({**row._mapping, "tenants": TurnCounts(**counts[row.id])}) for row in rows]


OWN_FIELDS = RolloutRead.model_fields.keys() - {"tenants"}
