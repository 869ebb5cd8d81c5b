"""Second factors: an authenticator app, and recovery codes for the day it is lost."""

import base64
import hashlib
import secrets
from datetime import datetime
from uuid import UUID

import pyotp
from sqlalchemy.dialects.postgresql import insert

from control_plane.core.permissions import SUPER_ADMIN, Permission
from control_plane.identity import queries
from control_plane.identity.errors import (
    FactorExists,
    FactorRequired,
    NoFactor,
    NoFactorBegun,
    SessionEnded,
    WrongOtp,
)
from control_plane.identity.models import RecoveryCode, SecondFactor, User
from control_plane.identity.rules import totp
from control_plane.identity.schemas import (
    Credentials,
    FactorBegun,
    FactorConfirmed,
    FactorGone,
    RecoveryCodes,
    RecoveryCodeUsed,
)
from control_plane.identity.vault import FactorVault
from shared.tx import ReadTx, WriteTx

RECOVERY_CODES = 10
RECOVERY_BYTES = 10
"""80 random bits each."""


async def begin_totp(tx: WriteTx, proven: Credentials, vault: FactorVault) -> FactorBegun:
    """A new secret that counts once it is confirmed; one that was begun before is forgotten. Raises FactorExists.

    ``proven``: the caller has checked the password, so that nobody enrols an app of theirs with a session of ours.
    """
    tx.require(Permission.ACCOUNT_MANAGE)
    user = await _proven(tx, proven)
    factor = await queries.locked_factor(tx, user.id)
    if factor is not None and factor.confirmed_at is not None:
        raise FactorExists
    secret = pyotp.random_base32()
    await _store(tx, user.id, vault.seal(user.id, secret))
    uri = totp.otpauth_uri(secret, user.email)
    return FactorBegun(secret=secret, otpauth_uri=uri, qr_svg=totp.qr_svg(uri))


async def confirm_totp(tx: WriteTx, code: str, vault: FactorVault) -> RecoveryCodes:
    """Raises NoFactorBegun, FactorExists, WrongOtp."""
    tx.require(Permission.ACCOUNT_MANAGE)
    user = await _self(tx)
    factor = await queries.locked_factor(tx, user.id)
    if factor is None:
        raise NoFactorBegun
    if factor.confirmed_at is not None:
        raise FactorExists
    step = totp.matching_step(vault.open(user.id, factor.sealed_secret), code, tx.now, None)
    if step is None:
        raise WrongOtp
    factor.confirmed_at, factor.last_step = tx.now, step
    codes = [_new_recovery_code() for _ in range(RECOVERY_CODES)]
    tx.session.add_all(RecoveryCode(user_id=user.id, code_hash=_hash(user.id, one)) for one in codes)
    tx.record(FactorConfirmed(user_id=user.id))
    return RecoveryCodes(recovery_codes=codes, must_sign_in=tx.actor.role == SUPER_ADMIN)


async def remove_totp(tx: WriteTx, proven: Credentials, otp: str, vault: FactorVault) -> bool:
    """``proven``: the caller has checked the password. False: the code is wrong. Raises NoFactor, FactorRequired."""
    tx.require(Permission.ACCOUNT_MANAGE)
    user = await _proven(tx, proven)
    if user.is_super_admin:
        raise FactorRequired
    factor = await queries.locked_factor(tx, user.id)
    if factor is None or factor.confirmed_at is None:
        raise NoFactor
    if not await spend_code(tx, user.id, otp, vault):
        return False
    await tx.session.delete(factor)
    tx.record(FactorGone(user_id=user.id))
    return True


async def spend_code(tx: WriteTx, user_id: UUID, code: str, vault: FactorVault) -> bool:
    """Use up a code of the app, or a recovery code; False for a wrong one and for one that was used."""
    tx.public()
    factor = await queries.locked_factor(tx, user_id)
    if factor is None or factor.confirmed_at is None:
        return False
    if code.isdecimal():
        step = totp.matching_step(vault.open(user_id, factor.sealed_secret), code, tx.now, factor.last_step)
        if step is None:
            return False
        factor.last_step = step
        return True
    if not await queries.take_recovery_code(tx, user_id, _hash(user_id, code)):
        return False
    tx.record(RecoveryCodeUsed(user_id=user_id, left=await queries.count_recovery_codes(tx, user_id)))
    return True


async def enrol(tx: WriteTx, user_id: UUID, secret: str, vault: FactorVault) -> None:
    """Give somebody a confirmed second factor, for the command line; no door offers it. One that is there stays."""
    tx.require(Permission.USERS_MANAGE)
    factor = await queries.locked_factor(tx, user_id)
    if factor is not None and factor.confirmed_at is not None:
        return
    await _store(tx, user_id, vault.seal(user_id, secret), confirmed_at=tx.now)
    tx.record(FactorConfirmed(user_id=user_id))


async def unused_code(tx: ReadTx, email: str, secret: str) -> str | None:
    """A code that counts now, for the button of a demo installation; None when all of this moment are used."""
    tx.public()
    factor = await queries.factor_by_email(tx, email)
    present = totp.step_of(tx.now)
    first = present if factor is None or factor.last_step is None else max(present, factor.last_step + 1)
    return totp.code_of(secret, first) if first <= present + totp.TOLERANCE else None


async def _self(tx: WriteTx) -> User:
    user = await queries.locked_user(tx, UUID(tx.actor.id))
    if user is None:
        raise SessionEnded
    return user


async def _proven(tx: WriteTx, proven: Credentials) -> User:
    """Raises SessionEnded when it was another account's password, or has changed since."""
    user = await _self(tx)
    if user.id != proven.user_id or user.password_hash != proven.password_hash:
        raise SessionEnded
    return user


async def _store(tx: WriteTx, user_id: UUID, sealed: bytes, *, confirmed_at: datetime | None = None) -> None:
    values = {"sealed_secret": sealed, "created_at": tx.now, "confirmed_at": confirmed_at, "last_step": None}
    await tx.session.execute(
        insert(SecondFactor)
        .values(user_id=user_id, **values)
        .on_conflict_do_update(index_elements=[SecondFactor.user_id], set_=values)
    )


def _new_recovery_code() -> str:
    """Four groups of four letters of base32, as in k3jx-2q7a-mz5c-n4wd."""
    text = base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, 16, 4))


def _hash(user_id: UUID, recovery_code: str) -> bytes:
    plain = recovery_code.lower().replace("-", "").replace(" ", "")
    return hashlib.sha256(user_id.bytes + plain.encode()).digest()
