"""Accounts: made, registered, read and changed by their owners; passwords changed and forgotten."""

import secrets
from datetime import timedelta
from uuid import UUID

from pydantic import MISSING
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from control_plane.core.permissions import Permission
from control_plane.identity import queries
from control_plane.identity.errors import (
    AccountExists,
    EmailTaken,
    ImpersonationNotFound,
    InvitationInvalid,
    NoSeat,
    ResetInvalid,
    SessionEnded,
    SsoRequired,
)
from control_plane.identity.models import PasswordReset, User
from control_plane.identity.rules import Method
from control_plane.identity.schemas import (
    Credentials,
    FactorGone,
    PasswordChanged,
    PasswordResetRequested,
    PasswordWasReset,
    Profile,
    ProfileChanged,
    ProfilePatch,
    Registered,
    UserCreate,
    UserCreated,
    UserRead,
    UserRegistered,
)
from control_plane.identity.service import impersonations, invitations
from control_plane.identity.service.opening import hash_of, profile_of, revoke
from control_plane.identity.service.signing_in import subject_of
from shared.errors import Unauthorized
from shared.tx import ReadTx, WriteTx

RESET_HOURS = 1
RESET_EVERY = timedelta(minutes=5)
FORGOTTEN_AT_ONCE = 1000


async def create_user(tx: WriteTx, command: UserCreate) -> UserRead:
    """By whoever runs the installation, who answers for the address. Raises EmailTaken. The hash comes from
    ``passwords.hash_password``, made before the transaction.
    """
    tx.require(Permission.USERS_MANAGE)
    user_id = await _insert(tx, command, is_verified=True)
    tx.record(UserCreated(user_id=user_id, is_super_admin=command.is_super_admin))
    return UserRead(id=user_id, email=command.email, name=command.name, is_super_admin=command.is_super_admin)


async def find_user(tx: ReadTx, email: str) -> UserRead | None:
    """``email`` in lower case."""
    tx.require(Permission.USERS_MANAGE)
    user = await queries.user_by_email(tx, email)
    return None if user is None else UserRead.model_validate(user)


async def find_account(tx: ReadTx, email: str) -> UserRead | None:
    """For single sign-on and SCIM, which must not give away an account that exists; no door shows it."""
    tx.require(Permission.MEMBERS_PROVISION)
    user = await queries.user_by_email(tx, email)
    return None if user is None else UserRead.model_validate(user)


async def register(tx: WriteTx, email: str, name: str, password_hash: str) -> Registered:
    """An account without a tenant, where the installation is open. Raises EmailTaken.

    Nobody has proven that the address is theirs, which is why it opens nothing: an invitation goes to the address, and
    so does the way to a new password, which ends whatever a stranger may have begun with it.
    """
    tx.public()
    command = UserCreate(email=email, name=name, password_hash=password_hash)
    user_id = await _insert(tx, command, is_verified=False)
    tx.record(UserRegistered(user_id=user_id, email=email))
    return Registered(id=user_id, email=email, name=name, tenant_id=None, role=None)


async def register_invited(tx: WriteTx, token: str, name: str, password_hash: str) -> Registered:
    """An account for the address that was invited, as a member. Raises InvitationInvalid, AccountExists."""
    tx.public()
    invitation = await queries.invitation_of(tx, hash_of(token))
    if invitation is None:
        raise InvitationInvalid
    command = UserCreate(email=invitation.email, name=name, password_hash=password_hash)
    try:
        user_id = await _insert(tx, command, is_verified=False)
    except EmailTaken:
        raise AccountExists from None
    user = await queries.active_user(tx, user_id)
    assert user is not None
    accepted = await invitations.take_invitation(tx, token, user)
    tx.record(UserRegistered(user_id=user_id, email=user.email))
    return Registered(id=user_id, email=user.email, name=name, tenant_id=accepted.tenant_id, role=accepted.role)


async def read_profile(tx: ReadTx) -> Profile:
    """The signed-in user as this session sees them; Unauthorized when the user, or the seat, is gone since."""
    tx.require(Permission.PROFILE_READ)
    if tx.actor.impersonated_by is not None:
        try:
            return await impersonations.impersonated_profile(tx)
        except ImpersonationNotFound:
            raise SessionEnded from None
    user = await queries.active_user(tx, UUID(tx.actor.id))
    if user is None:
        raise SessionEnded
    profile = await _profile(tx, user)
    if profile.role != tx.actor.role:
        raise Unauthorized("Your role has changed; refresh your token or sign in again.")
    return profile


async def update_profile(tx: WriteTx, change: ProfilePatch) -> Profile:
    tx.require(Permission.ACCOUNT_MANAGE)
    user = await queries.locked_user(tx, UUID(tx.actor.id))
    if user is None:
        raise SessionEnded
    before = {"name": user.name, "time_zone": user.time_zone}
    if change.name is not MISSING:
        user.name = change.name
    if change.time_zone is not MISSING:
        user.time_zone = change.time_zone
    after = {"name": user.name, "time_zone": user.time_zone}
    if after != before:
        tx.record(ProfileChanged(user_id=user.id, before=before, after=after))
    return await _profile(tx, user)


async def change_password(tx: WriteTx, proven: Credentials, new_hash: str) -> int:
    """``proven``: the caller has checked the old one. How many other sessions have ended. Raises SessionEnded."""
    tx.require(Permission.ACCOUNT_MANAGE)
    user = await queries.locked_user(tx, UUID(tx.actor.id))
    if user is None or user.id != proven.user_id or user.password_hash != proven.password_hash:
        raise SessionEnded
    user.password_hash = new_hash
    others = [one for one in await queries.open_sessions(tx, user_id=user.id) if one.id != tx.actor.session_id]
    ended = revoke(tx, others, "password_changed")
    await queries.delete_resets_of(tx, user.id)
    tx.record(PasswordChanged(user_id=user.id, sessions_ended=ended))
    return ended


async def begin_password_reset(tx: WriteTx, email: str) -> str | None:
    """The token for the mail; None for an unknown address, and when a mail went out a moment ago."""
    tx.public()
    user = await queries.user_by_email(tx, email)
    if user is None or user.disabled_at is not None:
        return None
    await queries.locked_user(tx, user.id)  # two requests at once send one mail
    newest = await queries.newest_reset(tx, user.id)
    if newest is not None and tx.now - newest < RESET_EVERY:
        return None
    token = secrets.token_urlsafe(32)
    tx.session.add(
        PasswordReset(
            token_hash=hash_of(token),
            user_id=user.id,
            created_at=tx.now,
            expires_at=tx.now + timedelta(hours=RESET_HOURS),
        )
    )
    tx.record(PasswordResetRequested(user_id=user.id))
    return token


async def check_reset(tx: ReadTx, token: str) -> None:
    """Raises ResetInvalid."""
    tx.public()
    expires_at = await queries.end_of_reset(tx, hash_of(token))
    if expires_at is None or expires_at <= tx.now:
        raise ResetInvalid


async def reset_password(tx: WriteTx, token: str, new_hash: str) -> None:
    """Ends all sessions and all waits. A second factor stays, unless it may be that of a stranger who made the account
    for somebody else's address. Raises ResetInvalid.
    """
    tx.public()
    taken = await queries.take_reset(tx, hash_of(token))
    user = None if taken is None or taken.expires_at <= tx.now else await queries.locked_user(tx, taken.user_id)
    if user is None:
        raise ResetInvalid
    user.password_hash = new_hash
    if user.email_verified_at is None:
        user.email_verified_at = tx.now
        await _drop_factor(tx, user.id)
    ended = revoke(tx, await queries.open_sessions(tx, user_id=user.id), "password_reset")
    await queries.delete_resets_of(tx, user.id)
    await queries.delete_tries(tx, subject_of(user.email))
    tx.record(PasswordWasReset(user_id=user.id, sessions_ended=ended))


async def forget_resets(tx: WriteTx) -> None:
    """A bounded number of those that have expired."""
    tx.require(Permission.USERS_MANAGE)
    await queries.delete_expired_resets(tx, tx.now, FORGOTTEN_AT_ONCE)


async def _drop_factor(tx: WriteTx, user_id: UUID) -> None:
    factor = await queries.locked_factor(tx, user_id)
    if factor is not None:
        await tx.session.delete(factor)
        tx.record(FactorGone(user_id=user_id))


async def _insert(tx: WriteTx, command: UserCreate, *, is_verified: bool) -> UUID:
    verified_at = tx.now if is_verified else None
    values = {**command.model_dump(), "id": uuid7(), "created_at": tx.now, "email_verified_at": verified_at}
    statement = insert(User).values(**values).on_conflict_do_nothing().returning(User.id)
    user_id: UUID | None = (await tx.session.execute(statement)).scalar_one_or_none()
    if user_id is None:
        raise EmailTaken(command.email)
    return user_id


async def _profile(tx: ReadTx, user: User) -> Profile:
    method = Method.PASSWORD if Permission.ACCOUNT_MANAGE in tx.actor.permissions else Method.SSO
    try:
        return await profile_of(
            tx,
            user,
            None if tx.actor.tenant is None else tx.actor.tenant.id,
            method,
            has_second_factor=Permission.USERS_MANAGE in tx.actor.permissions,
        )
    except (NoSeat, SsoRequired):
        raise SessionEnded from None
