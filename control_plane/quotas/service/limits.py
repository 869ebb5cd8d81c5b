"""What a tenant may have: its plan's limits, and what was granted beside them."""

from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from control_plane.core.permissions import Permission
from control_plane.core.tables import AnyRow
from control_plane.plans import service as plans
from control_plane.quotas import queries, rules
from control_plane.quotas.errors import NoRoomForUser, WrongGrant
from control_plane.quotas.models import LimitOverride
from control_plane.quotas.ports import HasPlan
from control_plane.quotas.rules import LimitName
from control_plane.quotas.schemas import GrantedLimit, LimitEnded, LimitGrant, LimitGranted, Throttle, Throttled
from control_plane.tenants import service as tenants
from shared.contracts.limits import Limits
from shared.pages import TIME_AND_ID, Page, PageQuery, cut, position
from shared.tx import ReadTx, WriteTx

ENDED_AT_ONCE = 100


async def effective_limits(tx: ReadTx, tenant: HasPlan) -> Limits:
    """For other domains, about a tenant that they hold already; no door offers it."""
    tx.public()
    plan = await plans.get_plan(tx, tenant.plan, tenant.plan_version)
    rows = await queries.active_overrides(tx, [tenant.tenant_id])
    return rules.effective(plan.limits, {LimitName(row.limit_name): row.value for row in rows})


async def list_limits(tx: ReadTx, tenant_id: str, query: PageQuery) -> Page[GrantedLimit]:
    """All that were ever granted to the tenant, newest first. Raises TenantNotFound."""
    tx.require(Permission.LIMITS_MANAGE)
    await tenants.plan_of(tx, tenant_id)
    before = None if query.after is None else position(query.after, TIME_AND_ID)
    rows = await queries.overrides_before(tx, tenant_id, before, query.skip, query.size + 1)
    shown, cursor = cut(rows, query.size, lambda row: [row.created_at, row.limit_id])
    return Page(
        items=[_granted(tx, row) for row in shown],
        total=await queries.count_overrides(tx, tenant_id),
        limit=query.size,
        offset=query.skip,
        next_cursor=cursor,
    )


async def grant_limit(tx: WriteTx, tenant_id: str, command: LimitGrant) -> GrantedLimit:
    """Counts at once, and reaches the tenant's plane within seconds. Raises TenantNotFound, WrongGrant."""
    tx.require(Permission.LIMITS_MANAGE)
    name = command.limit_name
    if command.ends_at is not None and command.ends_at <= tx.now:
        raise WrongGrant("body.ends_at", "lies in the past")
    if name.role is not None and not command.value:
        raise WrongGrant("body.value", "a rate must be at least 1 a minute")
    await tenants.touch_tenant(tx, tenant_id)  # also the lock: two grants at once come one after the other
    before = rules.limit_of(await effective_limits(tx, await tenants.plan_of(tx, tenant_id)), name)
    earlier = await queries.unended_override(tx, tenant_id, name)
    if earlier is not None:
        earlier.ended_at, earlier.ended_by = tx.now, tx.actor.name
        await tx.session.flush()
    limit_id = await _add(tx, tenant_id, command, (tx.actor.name, tx.now), before)
    return await _read(tx, tenant_id, limit_id)


async def _add(
    tx: WriteTx, tenant_id: str, grant: LimitGrant, granted: tuple[str, datetime], before: int | None
) -> UUID:
    """``granted``: by whom and when; what comes back after a temporary one was granted earlier."""
    created_by, created_at = granted
    override = LimitOverride(
        id=uuid7(), tenant_id=tenant_id, **grant.model_dump(), created_by=created_by, created_at=created_at
    )
    tx.session.add(override)
    await tx.session.flush()
    tx.record(
        LimitGranted(
            tenant_id=tenant_id,
            limit_id=override.id,
            limit_name=grant.limit_name,
            before=before,
            after=grant.value,
            reason=grant.reason,
            ends_at=grant.ends_at,
        )
    )
    return override.id


async def throttle_tenant(tx: WriteTx, tenant_id: str, command: Throttle) -> Throttled:
    """A noisy neighbour: all rates down to one, for a while. Raises TenantNotFound, WrongGrant when none would sink."""
    tx.require(Permission.LIMITS_MANAGE)
    limits = await effective_limits(tx, await tenants.plan_of(tx, tenant_id))
    most = command.requests_per_minute
    rates = {name: rules.limit_of(limits, name) for name in LimitName if name.role is not None}
    sinking = [name for name, rate in rates.items() if rate is None or rate > most]
    if not sinking:
        raise WrongGrant("body.requests_per_minute", "is not below what counts now")
    granted = [
        await grant_limit(
            tx, tenant_id, LimitGrant(limit_name=name, value=most, reason=command.reason, ends_at=command.ends_at)
        )
        for name in sinking
    ]
    return Throttled(tenant_id=tenant_id, limits=granted)


async def end_limit(tx: WriteTx, tenant_id: str, limit_id: UUID) -> GrantedLimit:
    """Take it back; the plan's limit counts again, or what was granted before a temporary one. One that has ended stays
    as it is. Raises LimitNotFound.
    """
    tx.require(Permission.LIMITS_MANAGE)
    return await _end(tx, tenant_id, limit_id, is_due=False)


async def end_due_limits(tx: WriteTx) -> None:
    """Those whose end has come, a bounded number."""
    tx.require(Permission.LIMITS_MANAGE)
    for row in await queries.due_overrides(tx, ENDED_AT_ONCE):
        await _end(tx, row.tenant_id, row.id, is_due=True)


async def require_room_for_user(tx: WriteTx, tenant_id: str) -> None:
    """Raises NoRoomForUser (402) when members and open invitations fill the limit. Holds the tenant's seats until the
    commit, so that two can't both take the last one. For other domains, before they add a member or an invitation.
    """
    tx.public()
    await queries.lock_seats(tx, tenant_id)
    limits = await effective_limits(tx, await tenants.plan_of(tx, tenant_id))
    used = (await queries.seats_of(tx, [tenant_id])).get(tenant_id, 0)
    if limits.users is not None and used >= limits.users:
        raise NoRoomForUser(used, limits.users)


async def _end(tx: WriteTx, tenant_id: str, limit_id: UUID, *, is_due: bool) -> GrantedLimit:
    override = await queries.own_override(tx, tenant_id, limit_id)
    if override.ended_at is not None:
        return await _read(tx, tenant_id, limit_id)
    await tenants.touch_tenant(tx, tenant_id)
    await tx.session.refresh(override)  # whoever had the tenant's lock may have ended it
    if override.ended_at is None:
        name = LimitName(override.limit_name)
        override.ended_at, override.ended_by = tx.now, tx.actor.name
        await tx.session.flush()
        after = rules.limit_of(await effective_limits(tx, await tenants.plan_of(tx, tenant_id)), name)
        tx.record(
            LimitEnded(
                tenant_id=tenant_id,
                limit_id=limit_id,
                limit_name=name,
                before=override.value,
                after=after,
                is_due=is_due,
            )
        )
        earlier = None if override.ends_at is None else await queries.override_replaced_by(tx, override)
        if earlier is not None:
            grant = LimitGrant(limit_name=name, value=earlier.value, reason=earlier.reason, ends_at=earlier.ends_at)
            await _add(tx, tenant_id, grant, (earlier.created_by, earlier.created_at), after)
    return await _read(tx, tenant_id, limit_id)


async def _read(tx: ReadTx, tenant_id: str, limit_id: UUID) -> GrantedLimit:
    return _granted(tx, await queries.one_override(tx, tenant_id, limit_id))


def _granted(tx: ReadTx, row: AnyRow) -> GrantedLimit:
    is_active = row.ended_at is None and (row.ends_at is None or row.ends_at > tx.now)
    return GrantedLimit(**row._mapping, is_active=is_active)
