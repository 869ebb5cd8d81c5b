from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select, tuple_

from control_plane.core.tables import AnyRow
from control_plane.provisioning.errors import RolloutNotFound
from control_plane.provisioning.models import Cell, Deployment, Orphan, Rollout, Turn
from control_plane.provisioning.rules import DeploymentState, RolloutState
from shared.tx import ReadTx, WriteTx

READ_CELL = (
    Cell.name,
    Cell.placement,
    Cell.url,
    Cell.version,
    Cell.tenants,
    Cell.queue_waiting,
    Cell.oldest_waiting_seconds,
    Cell.held,
    Cell.database_ms,
    Cell.requests_last_minute,
    Cell.errors_last_minute,
    Cell.busiest,
    Cell.ready,
    Cell.last_error,
    Cell.looked_at,
    Cell.answered_at,
)
READ_DEPLOYMENT = (
    Deployment.tenant_id,
    Deployment.namespace,
    Deployment.size,
    Deployment.is_serving,
    Deployment.wanted_version,
    Deployment.actual_version,
    Deployment.state,
    Deployment.ready,
    Deployment.last_error,
)
READ_ROLLOUT = (
    Rollout.id,
    Rollout.version,
    Rollout.state,
    Rollout.wave,
    Rollout.waves,
    Rollout.reason,
    Rollout.started_by,
    Rollout.wave_started_at,
    Rollout.created_at,
    Rollout.updated_at,
    Rollout.finished_at,
)
READ_TURN = (
    Turn.tenant_id,
    Turn.wave,
    Turn.state,
    Turn.previous_version,
    Turn.error,
    Turn.started_at,
    Turn.finished_at,
)
OPEN = (RolloutState.RUNNING, RolloutState.STOPPED)
UNDER_WAY = (DeploymentState.APPLYING, DeploymentState.WAITING, DeploymentState.REMOVING)


async def one_deployment(tx: ReadTx, tenant_id: str) -> AnyRow | None:
    statement = select(*READ_DEPLOYMENT).where(Deployment.tenant_id == tenant_id)
    return (await tx.session.execute(statement)).one_or_none()


async def locked_deployment(tx: WriteTx, tenant_id: str) -> Deployment | None:
    statement = select(Deployment).where(Deployment.tenant_id == tenant_id).with_for_update()
    return (await tx.session.execute(statement)).scalar_one_or_none()


async def due_deployments(tx: WriteTx, *, under_way: bool, before: datetime, limit: int) -> Sequence[Deployment]:
    """Longest not looked at first; rows that another process holds are left to it."""
    is_under_way = Deployment.state.in_(UNDER_WAY)
    statement = (
        select(Deployment)
        .where(is_under_way if under_way else ~is_under_way)
        .where(or_(Deployment.checked_at.is_(None), Deployment.checked_at < before))
        .order_by(Deployment.checked_at.asc().nulls_first(), Deployment.tenant_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await tx.session.execute(statement)).scalars().all()


async def deployments_to_look_at(tx: ReadTx, limit: int) -> Sequence[AnyRow]:
    """Those whose plane was asked longest ago, or never."""
    statement = (
        select(*READ_DEPLOYMENT)
        .outerjoin(Cell, Cell.name == Deployment.tenant_id)
        .where(Deployment.state != DeploymentState.REMOVING)
        .order_by(Cell.looked_at.asc().nulls_first(), Deployment.tenant_id)
        .limit(limit)
    )
    return (await tx.session.execute(statement)).all()


async def tenants_with_deployment(tx: ReadTx, tenant_ids: Collection[str]) -> set[str]:
    statement = select(Deployment.tenant_id).where(Deployment.tenant_id.in_(tenant_ids))
    return set((await tx.session.execute(statement)).scalars())


async def cells_after(tx: ReadTx, *, after: str | None, skip: int, limit: int) -> Sequence[AnyRow]:
    statement = select(*READ_CELL).order_by(Cell.name).offset(skip).limit(limit)
    if after is not None:
        statement = statement.where(Cell.name > after)
    return (await tx.session.execute(statement)).all()


async def count_cells(tx: ReadTx) -> int:
    return (await tx.session.execute(select(func.count()).select_from(Cell))).scalar_one()


async def last_version(tx: ReadTx) -> str | None:
    """What the last finished rollout brought."""
    statement = (
        select(Rollout.version).where(Rollout.state == RolloutState.DONE).order_by(Rollout.finished_at.desc()).limit(1)
    )
    return (await tx.session.execute(statement)).scalar_one_or_none()


async def deployments_to_roll(tx: WriteTx, version: str) -> Sequence[Deployment]:
    statement = (
        select(Deployment)
        .where(Deployment.state != DeploymentState.REMOVING, Deployment.wanted_version != version)
        .order_by(Deployment.tenant_id)
        .with_for_update()
    )
    return (await tx.session.execute(statement)).scalars().all()


async def open_rollout(tx: ReadTx) -> AnyRow | None:
    return (await tx.session.execute(select(*READ_ROLLOUT).where(Rollout.state.in_(OPEN)))).one_or_none()


async def running_rollout(tx: WriteTx) -> Rollout | None:
    """None also while another process is deciding about it."""
    statement = select(Rollout).where(Rollout.state == RolloutState.RUNNING).with_for_update(skip_locked=True)
    return (await tx.session.execute(statement)).scalar_one_or_none()


async def locked_rollout(tx: WriteTx, rollout_id: UUID) -> Rollout:
    statement = select(Rollout).where(Rollout.id == rollout_id).with_for_update()
    rollout = (await tx.session.execute(statement)).scalar_one_or_none()
    if rollout is None:
        raise RolloutNotFound(rollout_id)
    return rollout


async def one_rollout(tx: ReadTx, rollout_id: UUID) -> AnyRow:
    row = (await tx.session.execute(select(*READ_ROLLOUT).where(Rollout.id == rollout_id))).one_or_none()
    if row is None:
        raise RolloutNotFound(rollout_id)
    return row


async def rollouts_after(tx: ReadTx, *, after: tuple[datetime, UUID] | None, skip: int, limit: int) -> Sequence[AnyRow]:
    """Newest first."""
    statement = select(*READ_ROLLOUT).order_by(Rollout.created_at.desc(), Rollout.id.desc()).offset(skip).limit(limit)
    if after is not None:
        statement = statement.where(tuple_(Rollout.created_at, Rollout.id) < after)
    return (await tx.session.execute(statement)).all()


async def count_rollouts(tx: ReadTx) -> int:
    return (await tx.session.execute(select(func.count()).select_from(Rollout))).scalar_one()


async def turn_counts(tx: ReadTx, rollout_ids: Collection[UUID]) -> Sequence[AnyRow]:
    """rollout_id, state, how many."""
    statement = (
        select(Turn.rollout_id, Turn.state, func.count().label("turns"))
        .where(Turn.rollout_id.in_(rollout_ids))
        .group_by(Turn.rollout_id, Turn.state)
    )
    return (await tx.session.execute(statement)).all()


async def turns_after(
    tx: ReadTx, rollout_id: UUID, *, after: tuple[int, str] | None, skip: int, limit: int
) -> Sequence[AnyRow]:
    """In the order of their turn."""
    statement = (
        select(*READ_TURN)
        .where(Turn.rollout_id == rollout_id)
        .order_by(Turn.wave, Turn.tenant_id)
        .offset(skip)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(tuple_(Turn.wave, Turn.tenant_id) > after)
    return (await tx.session.execute(statement)).all()


async def turns_of_wave(tx: WriteTx, rollout_id: UUID, wave: int) -> Sequence[tuple[Turn, Deployment | None]]:
    """Each with its deployment, None when that has been removed meanwhile."""
    statement = (
        select(Turn, Deployment)
        .outerjoin(Deployment, Deployment.tenant_id == Turn.tenant_id)
        .where(Turn.rollout_id == rollout_id, Turn.wave == wave)
        .order_by(Turn.tenant_id)
    )
    return [(row[0], row[1]) for row in (await tx.session.execute(statement)).all()]


async def orphans_after(tx: ReadTx, *, after: str | None, skip: int, limit: int) -> Sequence[AnyRow]:
    columns = (Orphan.namespace, Orphan.tenant_id, Orphan.first_seen_at, Orphan.last_seen_at)
    statement = select(*columns).order_by(Orphan.namespace).offset(skip).limit(limit)
    if after is not None:
        statement = statement.where(Orphan.namespace > after)
    return (await tx.session.execute(statement)).all()


async def count_orphans(tx: ReadTx) -> int:
    return (await tx.session.execute(select(func.count()).select_from(Orphan))).scalar_one()


async def orphans(tx: ReadTx) -> Sequence[AnyRow]:
    statement = select(Orphan.namespace, Orphan.tenant_id, Orphan.first_seen_at).order_by(Orphan.namespace)
    return (await tx.session.execute(statement)).all()
