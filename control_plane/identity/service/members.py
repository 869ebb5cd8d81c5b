"""Members of one tenant, for its admins, for super-admins, and for the domains that provision people."""

from collections.abc import Collection, Sequence
from uuid import UUID

from pydantic import MISSING
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from control_plane.core.permissions import Permission
from control_plane.core.tables import AnyRow
from control_plane.identity import queries
from control_plane.identity.errors import (
    EmailTaken,
    LastAdmin,
    LastBreakGlass,
    NoFactor,
    NotAMember,
    NotForAdmins,
    UserNotFound,
)
from control_plane.identity.models import Membership, SignInPolicy, User
from control_plane.identity.rules import ROLES_IN_WORDS, Method, Role
from control_plane.identity.schemas import (
    FactorGone,
    MemberAdded,
    MemberDeactivated,
    MemberReactivated,
    MemberRead,
    MemberRemoved,
    MemberRoleChanged,
    PermissionInWords,
    PersonPatch,
    PersonQuery,
    PersonRead,
    RoleRead,
    RolesRead,
    UserCreated,
    UserUnlocked,
)
from control_plane.identity.service.opening import changeable_tenant, check_own, named_tenant, revoke
from control_plane.identity.service.signing_in import subject_of
from control_plane.tenants import service as tenants
from shared.pages import Page
from shared.tx import ReadTx, WriteTx


async def add_membership(tx: WriteTx, user_id: UUID, tenant_id: str, role: Role) -> None:
    """Somebody who is a member already gets the new role. Raises UserNotFound, TenantNotFound."""
    tx.require(Permission.USERS_MANAGE)
    await tenants.get_tenant(tx, tenant_id)
    if await queries.active_user(tx, user_id) is None:
        raise UserNotFound
    await tx.session.execute(
        insert(Membership)
        .values(user_id=user_id, tenant_id=tenant_id, role=role, created_at=tx.now)
        .on_conflict_do_update(index_elements=[Membership.user_id, Membership.tenant_id], set_={"role": role})
    )
    tx.record(MemberAdded(user_id=user_id, tenant_id=tenant_id, role=role))


async def list_people(tx: ReadTx, asked: PersonQuery) -> Page[PersonRead]:
    """Newest first. Raises TenantNotFound, TenantNotNamed."""
    tx.require(Permission.MEMBERS_MANAGE)
    tenant = await named_tenant(tx, asked.tenant_id)
    rows, cursor, total = await queries.page_of_people(tx, tenant.tenant_id, asked)
    return Page(items=await _people(tx, rows), total=total, limit=asked.size, offset=asked.skip, next_cursor=cursor)


async def get_person(tx: ReadTx, tenant_id: str | None, user_id: UUID) -> PersonRead:
    """Raises NotAMember, TenantNotFound, TenantNotNamed."""
    tx.require(Permission.MEMBERS_MANAGE)
    return await _person(tx, (await named_tenant(tx, tenant_id)).tenant_id, user_id)


async def update_person(tx: WriteTx, tenant_id: str | None, user_id: UUID, change: PersonPatch) -> PersonRead:
    """Raises NotAMember, LastAdmin, LastBreakGlass."""
    tx.require(Permission.MEMBERS_MANAGE)
    named = (await changeable_tenant(tx, tenant_id)).tenant_id
    if change.is_active is True:
        await reactivate_member(tx, named, user_id)
    if change.role is not MISSING:
        await set_role(tx, named, user_id, change.role)
    if change.is_active is False:
        await deactivate_member(tx, named, user_id)
    await tx.session.flush()
    return await _person(tx, named, user_id)


async def remove_person(tx: WriteTx, tenant_id: str | None, user_id: UUID) -> None:
    """Raises NotAMember, LastAdmin, LastBreakGlass."""
    tx.require(Permission.MEMBERS_MANAGE)
    await remove_member(tx, (await changeable_tenant(tx, tenant_id)).tenant_id, user_id)


async def unlock_person(tx: WriteTx, tenant_id: str | None, user_id: UUID) -> PersonRead:
    """They may try again at once, from anywhere. Raises NotAMember; NotForAdmins, since whoever unlocks an account may
    guess its password for ever.
    """
    tx.require(Permission.MEMBERS_MANAGE)
    named = (await changeable_tenant(tx, tenant_id)).tenant_id
    person = await _person(tx, named, user_id)
    await _require_theirs_alone(tx, user_id)
    await queries.delete_tries(tx, subject_of(person.email))
    tx.record(UserUnlocked(user_id=user_id, tenant_id=named))
    return person.model_copy(update={"locked_until": None})


async def reset_second_factor(tx: WriteTx, tenant_id: str | None, user_id: UUID) -> PersonRead:
    """For somebody who has lost their app and their recovery codes; they sign in with the password alone then.

    An admin may do so for people of their tenant only: what protects another tenant as well is not theirs to weaken.
    Raises NotAMember, NotForAdmins, NoFactor.
    """
    tx.require(Permission.MEMBERS_MANAGE)
    named = (await changeable_tenant(tx, tenant_id)).tenant_id
    person = await _person(tx, named, user_id)
    await _require_theirs_alone(tx, user_id)
    factor = await queries.locked_factor(tx, user_id)
    if factor is None:
        raise NoFactor
    await tx.session.delete(factor)
    revoke(tx, await queries.open_sessions(tx, user_id=user_id), "second_factor_reset")
    tx.record(FactorGone(user_id=user_id, tenant_id=named))
    return person.model_copy(update={"has_second_factor": False})


async def list_roles(tx: ReadTx) -> RolesRead:
    tx.require(Permission.PROFILE_READ)
    return RolesRead(
        roles=[
            RoleRead(
                role=role,
                level=said.level,
                permissions=[PermissionInWords(name=name, words=words) for name, words in said.permissions.items()],
            )
            for role, said in ROLES_IN_WORDS.items()
        ]
    )


async def count_members(tx: ReadTx, tenant_ids: Collection[str]) -> dict[str, int]:
    """Those without any are left out."""
    tx.require(Permission.TENANTS_READ)
    return await queries.count_members(tx, tenant_ids)


async def forget_tenant(tx: WriteTx, tenant_id: str) -> None:
    """The tenant is gone: nobody is a member of it any more, and sessions there have ended."""
    tx.require(Permission.TENANTS_MANAGE)
    await queries.delete_all_of_tenant(tx, tenant_id)


async def find_member(tx: ReadTx, tenant_id: str, user_id: UUID) -> MemberRead | None:
    tx.require(Permission.MEMBERS_MANAGE)
    check_own(tx, tenant_id)
    row = await queries.one_member(tx, tenant_id, user_id)
    return None if row is None else _member(row)


async def page_members(tx: ReadTx, tenant_id: str, *, skip: int, limit: int) -> tuple[list[MemberRead], int]:
    """By user id, deactivated ones too; and how many there are."""
    tx.require(Permission.MEMBERS_MANAGE)
    check_own(tx, tenant_id)
    rows = await queries.members_by_id(tx, tenant_id, skip=skip, limit=limit)
    return [_member(row) for row in rows], (await queries.count_members(tx, [tenant_id])).get(tenant_id, 0)


async def create_member(tx: WriteTx, tenant_id: str, email: str, name: str, role: Role) -> MemberRead:
    """A new account without a password, as a member. Raises EmailTaken: an account that exists is never given away."""
    tx.require(Permission.MEMBERS_PROVISION)
    check_own(tx, tenant_id)
    user_id = uuid7()
    values = {"id": user_id, "email": email, "name": name, "password_hash": queries.NO_PASSWORD, "created_at": tx.now}
    statement = insert(User).values(**values, is_super_admin=False).on_conflict_do_nothing().returning(User.id)
    if (await tx.session.execute(statement)).scalar_one_or_none() is None:
        raise EmailTaken(email)
    tx.session.add(Membership(user_id=user_id, tenant_id=tenant_id, role=role, created_at=tx.now))
    await tx.session.flush()
    tx.record(UserCreated(user_id=user_id, is_super_admin=False))
    tx.record(MemberAdded(user_id=user_id, tenant_id=tenant_id, role=role))
    return MemberRead(user_id, email, name, role, is_active=True, has_password=False, created_at=tx.now)


async def set_role(tx: WriteTx, tenant_id: str, user_id: UUID, role: Role) -> None:
    """Raises NotAMember, LastAdmin, LastBreakGlass."""
    tx.require(Permission.MEMBERS_MANAGE)
    membership = await _changeable(tx, tenant_id, user_id, stays_admin=role is Role.ADMIN)
    if membership.role != role:
        tx.record(MemberRoleChanged(user_id=user_id, tenant_id=tenant_id, before=Role(membership.role), after=role))
        membership.role = role


async def deactivate_member(tx: WriteTx, tenant_id: str, user_id: UUID) -> None:
    """They lose this tenant, and their sessions in it; other tenants of theirs stay.

    Raises NotAMember, LastAdmin, LastBreakGlass.
    """
    tx.require(Permission.MEMBERS_MANAGE)
    membership = await _changeable(tx, tenant_id, user_id, stays_admin=False)
    if membership.deactivated_at is None:
        membership.deactivated_at = tx.now
        tx.record(MemberDeactivated(user_id=user_id, tenant_id=tenant_id))
        revoke(tx, await queries.open_sessions(tx, tenant_id=tenant_id, user_id=user_id), "deactivated")


async def reactivate_member(tx: WriteTx, tenant_id: str, user_id: UUID) -> None:
    """Raises NotAMember."""
    tx.require(Permission.MEMBERS_MANAGE)
    membership = await _changeable(tx, tenant_id, user_id, stays_admin=True)
    if membership.deactivated_at is not None:
        membership.deactivated_at = None
        tx.record(MemberReactivated(user_id=user_id, tenant_id=tenant_id))


async def remove_member(tx: WriteTx, tenant_id: str, user_id: UUID) -> None:
    """The account stays. Raises NotAMember, LastAdmin, LastBreakGlass."""
    tx.require(Permission.MEMBERS_MANAGE)
    membership = await _changeable(tx, tenant_id, user_id, stays_admin=False)
    revoke(tx, await queries.open_sessions(tx, tenant_id=tenant_id, user_id=user_id), "removed")
    tx.record(MemberRemoved(user_id=user_id, tenant_id=tenant_id, role=Role(membership.role)))
    await tx.session.delete(membership)


async def hold_admins(tx: WriteTx, tenant_id: str) -> Sequence[UUID]:
    """Who is an active admin, and stays one until this commit."""
    tx.require(Permission.SSO_MANAGE)
    check_own(tx, tenant_id)
    return await queries.lock_admins(tx, tenant_id)


async def set_sign_in_policy(
    tx: WriteTx, tenant_id: str, *, sso_domains: Sequence[str], exempt: Sequence[UUID]
) -> None:
    """From now on no password lets members with an address of the domains into the tenant; no domains: all may again.

    Sessions that a password opened end at their next refresh.
    """
    tx.require(Permission.SSO_MANAGE)
    check_own(tx, tenant_id)
    values = {"sso_domains": list(sso_domains), "exempt_user_ids": list(exempt)}
    await tx.session.execute(
        insert(SignInPolicy)
        .values(tenant_id=tenant_id, **values)
        .on_conflict_do_update(index_elements=[SignInPolicy.tenant_id], set_=values)
    )


async def end_sso_sessions(tx: WriteTx, tenant_id: str) -> None:
    tx.require(Permission.SSO_MANAGE)
    check_own(tx, tenant_id)
    revoke(tx, await queries.open_sessions(tx, tenant_id=tenant_id, method=Method.SSO), "sso_ended")


async def _changeable(tx: WriteTx, tenant_id: str, user_id: UUID, *, stays_admin: bool) -> Membership:
    """Raises NotAMember; LastAdmin when nobody else could administer the tenant afterwards, LastBreakGlass when nobody
    else could without its single sign-on.
    """
    check_own(tx, tenant_id)
    admins = await queries.lock_admins(tx, tenant_id)
    membership = await queries.locked_membership(tx, tenant_id, user_id)
    if membership is None:
        raise NotAMember
    if not stays_admin and list(admins) == [user_id]:
        raise LastAdmin
    if not stays_admin and [one for one in await queries.exempt_from_sso(tx, tenant_id) if one in admins] == [user_id]:
        raise LastBreakGlass
    return membership


async def _person(tx: ReadTx, tenant_id: str, user_id: UUID) -> PersonRead:
    row = await queries.one_person(tx, tenant_id, user_id)
    if row is None:
        raise NotAMember
    return (await _people(tx, [row]))[0]


async def _people(tx: ReadTx, rows: Sequence[AnyRow]) -> list[PersonRead]:
    subjects = {row.email: subject_of(row.email) for row in rows}
    waits = {row[0]: row[1] for row in await queries.waits_of(tx, list(subjects.values()))}
    return [
        PersonRead.model_validate({**row._mapping, "id": row.user_id, "locked_until": waits.get(subjects[row.email])})
        for row in rows
    ]


def _member(row: AnyRow) -> MemberRead:
    return MemberRead(row.user_id, row.email, row.name, Role(row.role), row.is_active, row.has_password, row.created_at)


async def _require_theirs_alone(tx: WriteTx, user_id: UUID) -> None:
    """An account that also opens another tenant, or the control plane, is not one tenant's to weaken."""
    user = await queries.locked_user(tx, user_id)
    is_wider = user is None or user.is_super_admin or await queries.count_seats(tx, user_id) > 1
    if is_wider and Permission.USERS_MANAGE not in tx.actor.permissions:
        raise NotForAdmins
