"""What each tenant's own plane should be, and what the cluster said; namespaces that nobody needs."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert

from control_plane.core.permissions import Permission
from control_plane.provisioning import queries, rules
from control_plane.provisioning.models import Cell, Deployment
from control_plane.provisioning.models import Orphan as OrphanRow
from control_plane.provisioning.rules import DeploymentState
from control_plane.provisioning.schemas import (
    DeploymentRead,
    DeploymentWanted,
    DriftRepaired,
    Orphan,
    OrphanFound,
    OrphanRemoved,
    Outcome,
)
from shared.tx import ReadTx, WriteTx

LOOK_AGAIN = timedelta(seconds=4)
"""At what is under way."""
CHECK_AGAIN = timedelta(minutes=5)
"""What is settled, for drift."""


async def find_deployment(tx: ReadTx, tenant_id: str) -> DeploymentRead | None:
    tx.require(Permission.PLACEMENTS_READ)
    row = await queries.one_deployment(tx, tenant_id)
    return None if row is None else DeploymentRead.model_validate(row)


async def want_deployment(tx: WriteTx, wanted: DeploymentWanted, first_version: str) -> DeploymentRead:
    """Record what should be; nothing happens to a deployment that is wanted like that already.

    A new one starts with the version that was rolled out last, else with ``first_version``.
    """
    tx.require(Permission.PLACEMENTS_MANAGE)
    values = {
        "tenant_id": wanted.tenant_id,
        "namespace": wanted.namespace,
        "size": wanted.size.name,
        "is_serving": wanted.is_serving,
        "is_routed": wanted.is_serving,
        "wanted_version": await queries.last_version(tx) or first_version,
        "state": DeploymentState.APPLYING,
        "created_at": tx.now,
        "updated_at": tx.now,
    }
    await tx.session.execute(insert(Deployment).values(values).on_conflict_do_nothing())
    row = await queries.locked_deployment(tx, wanted.tenant_id)
    assert row is not None  # written above, and held since
    as_wanted = (row.size, row.is_serving) == (wanted.size.name, wanted.is_serving)
    if not as_wanted or row.state == DeploymentState.REMOVING:
        row.size, row.is_serving = wanted.size.name, wanted.is_serving
        row.is_routed = row.is_routed or row.is_serving
        row.state, row.updated_at = DeploymentState.APPLYING, tx.now
    return DeploymentRead.model_validate(row)


async def stop_serving(tx: WriteTx, tenant_id: str) -> DeploymentRead | None:
    """Requests go elsewhere from now on. None when nothing is left to do for that."""
    tx.require(Permission.PLACEMENTS_MANAGE)
    row = await queries.locked_deployment(tx, tenant_id)
    if row is None or not row.is_routed or row.state == DeploymentState.REMOVING:
        return None
    row.is_serving, row.state, row.updated_at = False, DeploymentState.APPLYING, tx.now
    return DeploymentRead.model_validate(row)


async def want_removal(tx: WriteTx, tenant_id: str) -> DeploymentRead | None:
    tx.require(Permission.PLACEMENTS_MANAGE)
    row = await queries.locked_deployment(tx, tenant_id)
    if row is None:
        return None
    row.state, row.ready, row.updated_at = DeploymentState.REMOVING, False, tx.now
    return DeploymentRead.model_validate(row)


async def want_removal_of(tx: WriteTx, tenant_ids: Collection[str]) -> None:
    tx.require(Permission.PLACEMENTS_MANAGE)
    for tenant_id in await queries.tenants_with_deployment(tx, tenant_ids):
        await want_removal(tx, tenant_id)


async def note_outcome(tx: WriteTx, tenant_id: str, outcome: Outcome) -> None:
    """What was wanted meanwhile is not overwritten: another version, other routes, or the removal."""
    tx.require(Permission.PLACEMENTS_MANAGE)
    row = await queries.locked_deployment(tx, tenant_id)
    if row is None or row.state == DeploymentState.REMOVING:
        return
    row.ready, row.last_error, row.drift = outcome.is_ready, outcome.detail, list(outcome.drift)
    row.checked_at = tx.now
    if outcome.is_applied and not outcome.is_serving and not row.is_serving:
        row.is_routed = False
    if (row.wanted_version, row.is_serving) == (outcome.version, outcome.is_serving):
        row.state = outcome.state
        if outcome.state is DeploymentState.READY:
            row.actual_version = outcome.version
    if outcome.drift:
        tx.record(DriftRepaired(tenant_id=tenant_id, namespace=row.namespace, fields=list(outcome.drift)))


async def note_removal(tx: WriteTx, tenant_id: str, problem: str | None) -> None:
    """``problem``: what still stands in the way; None when the namespace is gone."""
    tx.require(Permission.PLACEMENTS_MANAGE)
    row = await queries.locked_deployment(tx, tenant_id)
    if row is None or row.state != DeploymentState.REMOVING:
        return
    if problem is not None:
        row.last_error, row.checked_at = problem, tx.now
        return
    await tx.session.delete(row)
    await tx.session.execute(delete(Cell).where(Cell.name == tenant_id))


async def claim_due_deployments(tx: WriteTx, limit: int) -> list[DeploymentRead]:
    """Those to look at now. Whoever claims them does: the next one to ask gets others.

    What is under way gets at most half of the places, so that neither it nor the checks of the others wait for ever.
    """
    tx.require(Permission.PLACEMENTS_MANAGE)
    changing = await queries.due_deployments(tx, under_way=True, before=tx.now - LOOK_AGAIN, limit=-(-limit // 2))
    settled = await queries.due_deployments(
        tx, under_way=False, before=tx.now - CHECK_AGAIN, limit=limit - len(changing)
    )
    rows = [*changing, *settled]
    for row in rows:
        row.checked_at = tx.now
    return [DeploymentRead.model_validate(row) for row in rows]


async def list_without_deployment(tx: ReadTx, namespaces: Mapping[str, str]) -> dict[str, str]:
    """Of these namespaces, each with the tenant it is labelled with, those whose tenant has no deployment."""
    tx.require(Permission.PLACEMENTS_READ)
    known = await queries.tenants_with_deployment(tx, set(namespaces.values()))
    return {namespace: tenant_id for namespace, tenant_id in namespaces.items() if tenant_id not in known}


async def note_orphans(tx: WriteTx, found: Mapping[str, str], grace: timedelta) -> list[Orphan]:
    """All orphans of now, namespace and tenant: new ones are remembered, others forgotten."""
    tx.require(Permission.PLACEMENTS_MANAGE)
    known = {row.namespace: row for row in await queries.orphans(tx)}
    still = found.keys() & known.keys()
    await tx.session.execute(update(OrphanRow).where(OrphanRow.namespace.in_(still)).values(last_seen_at=tx.now))
    for namespace in known.keys() - found.keys():
        await tx.session.execute(delete(OrphanRow).where(OrphanRow.namespace == namespace))
    for namespace in found.keys() - known.keys():
        times = {"first_seen_at": tx.now, "last_seen_at": tx.now}
        values = {"namespace": namespace, "tenant_id": found[namespace], **times}
        statement = insert(OrphanRow).values(values).on_conflict_do_nothing().returning(OrphanRow.namespace)
        if (await tx.session.execute(statement)).first() is not None:
            tx.record(OrphanFound(namespace=namespace, tenant_id=found[namespace]))
    return [
        Orphan(namespace, row.tenant_id, rules.may_be_removed(row.first_seen_at, tx.now, grace))
        for namespace, row in known.items()
        if namespace in found
    ]


async def note_orphan_removed(tx: WriteTx, orphan: Orphan) -> None:
    tx.require(Permission.PLACEMENTS_MANAGE)
    statement = delete(OrphanRow).where(OrphanRow.namespace == orphan.namespace).returning(OrphanRow.namespace)
    if (await tx.session.execute(statement)).first() is not None:
        tx.record(OrphanRemoved(namespace=orphan.namespace, tenant_id=orphan.tenant_id))
