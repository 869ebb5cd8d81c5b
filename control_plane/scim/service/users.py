"""The members of one tenant as SCIM users. A user's id is the account's id.

What a directory writes describes the membership: its names, addresses and ids lie beside it, and the account, which
other tenants may share, keeps its own. Deactivating or deleting takes this tenant away and nothing else.
"""

from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from scim2_models import Context, Meta, PatchOp
from sqlalchemy.dialects.postgresql import insert

from control_plane.core.permissions import Permission
from control_plane.identity import service as identity
from control_plane.identity.rules import Role
from control_plane.identity.schemas import MemberRead
from control_plane.quotas import service as quotas
from control_plane.scim import queries, rules
from control_plane.scim.errors import (
    AccountElsewhere,
    BreakGlass,
    NoAddress,
    ScimUserNotFound,
    UnknownRole,
    UserNameTaken,
)
from control_plane.scim.models import ScimUserRow
from control_plane.scim.rules import Lookup
from control_plane.scim.schemas import POLICY, ScimEmail, ScimPage, ScimRole, ScimUser, ScimUserChanged
from control_plane.sso import service as sso
from shared.fields import Email, ShortText
from shared.tx import ReadTx, WriteTx

ADDRESS: TypeAdapter[str] = TypeAdapter(Email)
NAME: TypeAdapter[str] = TypeAdapter(ShortText)


async def list_users(tx: ReadTx, start_index: int | None, count: int | None) -> ScimPage:
    """All members by id, deactivated ones too."""
    tx.require(Permission.MEMBERS_PROVISION)
    skip, limit = rules.page(start_index, count)
    members, total = await identity.page_members(tx, _tenant(tx), skip=skip, limit=limit)
    return ScimPage(await _users(tx, members), total, skip + 1)


async def find_users(tx: ReadTx, by: Lookup, value: str) -> ScimPage:
    """Those for whom the attribute equals ``value``."""
    tx.require(Permission.MEMBERS_PROVISION)
    found = [
        member
        for user_id in await _ids(tx, by, value)
        if (member := await identity.find_member(tx, _tenant(tx), user_id)) is not None
    ]
    users = await _users(tx, found)
    # A member who has a row answers to its userName, and no more to the address.
    matching = [user for user in users if by is not Lookup.USER_NAME or _same(user.user_name, value)]
    return ScimPage(matching, len(matching), 1)


async def get_user(tx: ReadTx, user_id: UUID) -> ScimUser:
    tx.require(Permission.MEMBERS_PROVISION)
    return (await _users(tx, [await _member(tx, user_id)]))[0]


async def create_user(tx: WriteTx, user: ScimUser) -> ScimUser:
    """Raises UserNameTaken, AccountElsewhere, NoAddress, UnknownRole; QuotaExceeded; TenantIsSuspended."""
    tx.require(Permission.MEMBERS_PROVISION)
    await identity.changeable_tenant(tx, _tenant(tx))
    email, tenant_id = _address(user), _tenant(tx)
    account = await identity.find_account(tx, email)
    if account is not None:
        is_member = await identity.find_member(tx, tenant_id, account.id) is not None
        raise UserNameTaken(str(user.user_name)) if is_member else AccountElsewhere(email)
    await _check_user_name(tx, user, None)
    role = _role(user) or await sso.default_role(tx, tenant_id)
    await quotas.require_room_for_user(tx, tenant_id)
    member = await identity.create_member(tx, tenant_id, email, _name(user, email), role)
    if user.active is False:
        await identity.deactivate_member(tx, tenant_id, member.user_id)
    return await _keep(tx, member.user_id, user, "created")


async def replace_user(tx: WriteTx, user_id: UUID, user: ScimUser) -> ScimUser:
    """For PUT and PATCH: the user as a whole, as it shall be. What is not said about active and roles stays.

    Raises ScimUserNotFound, UserNameTaken, UnknownRole, BreakGlass, LastAdmin, TenantIsSuspended.
    """
    tx.require(Permission.MEMBERS_PROVISION)
    await identity.changeable_tenant(tx, _tenant(tx))
    member, tenant_id = await _member(tx, user_id), _tenant(tx)
    await _check_user_name(tx, user, member)
    role = _role(user)
    if role not in (None, member.role) or (user.active is False and member.is_active):
        await _check_break_glass(tx, member)
    if role is not None and role is not member.role:
        await identity.set_role(tx, tenant_id, user_id, role)
    if user.active is False and member.is_active:
        await identity.deactivate_member(tx, tenant_id, user_id)
    elif user.active and not member.is_active:
        await identity.reactivate_member(tx, tenant_id, user_id)
    return await _keep(tx, user_id, user, "replaced")


async def patch_user(tx: WriteTx, user_id: UUID, patch: PatchOp[ScimUser]) -> ScimUser:
    """Raises what ``replace_user`` raises, and SCIMException for an operation that does not fit."""
    tx.require(Permission.MEMBERS_PROVISION)
    await queries.lock_row(tx, _tenant(tx), user_id)
    user = await get_user(tx, user_id)
    patch.patch(user, scim_policy=POLICY)
    return await replace_user(tx, user_id, user)


async def delete_user(tx: WriteTx, user_id: UUID) -> None:
    """The membership ends; the account stays, for it may have others.

    Raises ScimUserNotFound, BreakGlass, LastAdmin, TenantIsSuspended.
    """
    tx.require(Permission.MEMBERS_PROVISION)
    await identity.changeable_tenant(tx, _tenant(tx))
    member = await _member(tx, user_id)
    user = (await _users(tx, [member]))[0]
    await _check_break_glass(tx, member)
    await identity.remove_member(tx, _tenant(tx), user_id)
    tx.record(_changed(tx, member, user, "deleted"))


def _tenant(tx: ReadTx) -> str:
    assert tx.actor.tenant is not None, "a SCIM token is for one tenant"
    return tx.actor.tenant.id


async def _member(tx: ReadTx, user_id: UUID) -> MemberRead:
    member = await identity.find_member(tx, _tenant(tx), user_id)
    if member is None:
        raise ScimUserNotFound
    return member


async def _check_break_glass(tx: ReadTx, member: MemberRead) -> None:
    if await sso.is_break_glass(tx, _tenant(tx), member.user_id):
        raise BreakGlass


async def _check_user_name(tx: WriteTx, user: ScimUser, member: MemberRead | None) -> None:
    """Unique among the tenant's SCIM users, of whom each member is one, by the address if by nothing else."""
    for user_id in await _ids(tx, Lookup.USER_NAME, str(user.user_name)):
        if member is None or user_id != member.user_id:
            raise UserNameTaken(str(user.user_name))


async def _ids(tx: ReadTx, by: Lookup, value: str) -> list[UUID]:
    if by is Lookup.EXTERNAL_ID:
        return list(await queries.ids_by_external_id(tx, _tenant(tx), value, rules.LARGEST_PAGE))
    if by is Lookup.ID:
        return [UUID(value)] if _is_uuid(value) else []
    ids = [] if by is Lookup.EMAIL else list(await queries.ids_by_user_name(tx, _tenant(tx), value.lower()))
    account = await identity.find_account(tx, value.strip().lower())
    if account is not None and account.id not in ids:
        is_member = await identity.find_member(tx, _tenant(tx), account.id) is not None
        ids += [account.id] if is_member else []
    return ids


async def _users(tx: ReadTx, members: list[MemberRead]) -> list[ScimUser]:
    rows = await queries.rows_of(tx, _tenant(tx), [member.user_id for member in members])
    return [_user(member, rows.get(member.user_id)) for member in members]


def _user(member: MemberRead, row: ScimUserRow | None) -> ScimUser:
    """As the directory knows the member; one that it has never written, as we do."""
    if row is None:
        user = ScimUser(
            user_name=member.email,
            display_name=member.name,
            emails=[ScimEmail(value=member.email, primary=True)],
            roles=[ScimRole(value=ScimRole.Value(member.role), primary=True)],
        )
    else:
        user = ScimUser.model_validate(row.resource)
    if user.roles:
        user.roles = [ScimRole(value=ScimRole.Value(member.role), primary=user.roles[-1].primary)]
    user.id, user.active = str(member.user_id), member.is_active
    created, changed = (member.created_at, member.created_at) if row is None else (row.created_at, row.updated_at)
    user.meta = Meta(resource_type="User", created=created, last_modified=changed)
    return user


async def _keep(tx: WriteTx, user_id: UUID, user: ScimUser, change: str) -> ScimUser:
    values: dict[str, Any] = {
        "user_name": str(user.user_name).lower(),
        "external_id": user.external_id,
        "resource": user.model_dump(
            scim_ctx=Context.DEFAULT, mode="json", exclude={"id", "meta", "active", "schemas"}, exclude_none=True
        ),
        "updated_at": tx.now,
    }
    await tx.session.execute(
        insert(ScimUserRow)
        .values(tenant_id=_tenant(tx), user_id=user_id, created_at=tx.now, **values)
        .on_conflict_do_update(index_elements=[ScimUserRow.tenant_id, ScimUserRow.user_id], set_=values)
    )
    member = await _member(tx, user_id)
    kept = (await _users(tx, [member]))[0]
    tx.record(_changed(tx, member, kept, change))
    return kept


def _changed(tx: WriteTx, member: MemberRead, user: ScimUser, change: str) -> ScimUserChanged:
    return ScimUserChanged(
        tenant_id=_tenant(tx),
        user_id=member.user_id,
        change=change,
        user_name=str(user.user_name),
        is_active=member.is_active,
        role=member.role,
    )


def _address(user: ScimUser) -> str:
    emails = user.emails or []
    chosen = next((email for email in emails if email.primary), emails[0] if emails else None)
    try:
        return ADDRESS.validate_python(user.user_name if chosen is None else chosen.value)
    except ValidationError:
        raise NoAddress from None


def _name(user: ScimUser, email: str) -> str:
    name = user.name
    parts = [] if name is None else [part for part in (name.given_name, name.family_name) if part]
    for candidate in (user.display_name, None if name is None else name.formatted, " ".join(parts)):
        if candidate and candidate.strip():
            return NAME.validate_python(candidate[:300])
    return email


def _role(user: ScimUser) -> Role | None:
    """The last one: a directory that changes a role may add the new one behind the old. None when it says nothing."""
    said = [role.value for role in user.roles or [] if role.value]
    if not said:
        return None
    try:
        return Role(said[-1].lower())
    except ValueError:
        raise UnknownRole(said[-1]) from None


def _same(one: str | None, other: str) -> bool:
    return one is not None and one.lower() == other.strip().lower()


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
