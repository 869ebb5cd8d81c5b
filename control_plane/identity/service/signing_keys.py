"""The keys that sign tokens: the first one, the next one, and how long the one before is believed."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from uuid_utils.compat import uuid7

from control_plane.core.permissions import Permission
from control_plane.identity import queries
from control_plane.identity.errors import KeyWaiting
from control_plane.identity.models import SigningKeyRow
from control_plane.identity.schemas import SigningKeyRead, SigningKeyRotated, SigningKeysRead
from control_plane.identity.vault import KeyVault, public_jwk
from shared.tx import ReadTx, WriteTx

ONE_AT_A_TIME = text("select pg_advisory_xact_lock(hashtext('control:signing_keys'))")
LONGEST_TOKEN = timedelta(hours=1)
"""Impersonations last so long at most, and ``access_token_seconds`` can be no more."""
LATE_SIGNERS = timedelta(minutes=10)
"""A process that has not looked at the keys since they changed signs with the old one a little longer."""
KEPT_FOR = timedelta(days=30)


async def list_signing_keys(tx: ReadTx) -> Sequence[SigningKeyRow]:
    """All that sign or verify now or later, oldest first."""
    tx.require(Permission.SIGNING_KEYS_MANAGE)
    return await queries.unretired_keys(tx)


async def read_signing_keys(tx: ReadTx) -> SigningKeysRead:
    tx.require(Permission.SIGNING_KEYS_MANAGE)
    return _read(await queries.unretired_keys(tx), tx.now)


async def ensure_signing_key(tx: WriteTx, vault: KeyVault) -> Sequence[SigningKeyRow]:
    """Make the first key. Processes that start together agree on one."""
    tx.require(Permission.SIGNING_KEYS_MANAGE)
    await tx.session.execute(ONE_AT_A_TIME)
    rows = await queries.unretired_keys(tx)
    if any(row.active_from <= tx.now for row in rows):
        return rows
    _add(tx, vault, tx.now)
    return await queries.unretired_keys(tx)


async def rotate_signing_key(tx: WriteTx, vault: KeyVault, lead: timedelta, *, immediately: bool) -> SigningKeysRead:
    """A new key is published now and signs after ``lead``, when every plane knows it; the one before is believed until
    each token that it signed has ended. Raises KeyWaiting while one waits already.

    ``immediately``: the new one signs now, and no other is believed any more.
    """
    tx.require(Permission.SIGNING_KEYS_MANAGE)
    await tx.session.execute(ONE_AT_A_TIME)
    rows = await queries.unretired_keys(tx)
    if not immediately and any(row.active_from > tx.now for row in rows):
        raise KeyWaiting
    _rotate(tx, vault, rows, tx.now if immediately else tx.now + lead, immediately=immediately)
    await tx.session.flush()
    return _read(await queries.unretired_keys(tx), tx.now)


async def rotate_when_due(tx: WriteTx, vault: KeyVault, lead: timedelta, days: int) -> None:
    """A key signs for so many days. Forgets those that ended long ago."""
    tx.require(Permission.SIGNING_KEYS_MANAGE)
    await tx.session.execute(ONE_AT_A_TIME)
    rows = await queries.unretired_keys(tx)
    if rows and rows[-1].active_from <= tx.now - timedelta(days=days) + lead:
        _rotate(tx, vault, rows, tx.now + lead, immediately=False)
    await queries.delete_keys_retired_before(tx, tx.now - KEPT_FOR)


def _rotate(
    tx: WriteTx, vault: KeyVault, rows: Sequence[SigningKeyRow], active_from: datetime, *, immediately: bool
) -> None:
    end = active_from if immediately else active_from + LONGEST_TOKEN + LATE_SIGNERS
    retired = [row for row in rows if row.retire_at is None or row.retire_at > end]
    for row in retired:
        row.retire_at = end
    made = _add(tx, vault, active_from)
    tx.record(
        SigningKeyRotated(
            kid=made.kid, active_from=active_from, immediately=immediately, retired=[row.kid for row in retired]
        )
    )


def _add(tx: WriteTx, vault: KeyVault, active_from: datetime) -> SigningKeyRow:
    kid, key = str(uuid7()), Ed25519PrivateKey.generate()
    row = SigningKeyRow(
        kid=kid,
        public_jwk=public_jwk(kid, key),
        sealed_private_key=vault.seal(kid, key),
        created_at=tx.now,
        active_from=active_from,
    )
    tx.session.add(row)
    return row


def _read(rows: Sequence[SigningKeyRow], now: datetime) -> SigningKeysRead:
    signing = [row.kid for row in rows if row.active_from <= now][-1:]
    return SigningKeysRead(
        keys=[
            SigningKeyRead(
                kid=row.kid,
                state="waiting" if row.active_from > now else "signing" if row.kid in signing else "retiring",
                created_at=row.created_at,
                active_from=row.active_from,
                retire_at=row.retire_at,
            )
            for row in rows
        ]
    )
