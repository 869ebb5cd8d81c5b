"""Signing in: who may try, what a try costs, and the session at the end of it.

Wrong tries are counted by the address as it was typed, so that an account that does not exist behaves like any other.
Whoever comes from a network address that signed in to this account before has a counter of their own: strangers who
guess can lock out each other, never the person who is on call.
"""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from control_plane.core.permissions import Permission
from control_plane.identity import queries, rules
from control_plane.identity.errors import AccountLocked, OtpRequired, SessionEnded, WrongCredentials
from control_plane.identity.rules import Method, Tries
from control_plane.identity.rules.lockout import FORGIVEN_AFTER, MOST
from control_plane.identity.schemas import Attempt, Credentials, OpenSession, SignInFailed, SignInLocked
from control_plane.identity.service import factors, invitations
from control_plane.identity.service.opening import open_session
from control_plane.identity.vault import FactorVault
from shared.tx import ReadTx, WriteTx

STRANGERS = ""
KNOWN_FOR = timedelta(days=90)
FORGOTTEN_AT_ONCE = 1000


async def find_credentials(tx: ReadTx, attempt: Attempt) -> Credentials | None:
    """What a password must be checked against; None for an unknown address and a disabled account.

    Raises AccountLocked during a wait, whatever the password would be.
    """
    tx.public()
    row = await queries.credentials_of(tx, attempt.email, attempt.address)
    await _refuse_in_wait(tx, _counters(attempt, is_known=row is not None and row.is_known))
    return None if row is None else Credentials(row.id, attempt.email, row.password_hash)


async def note_failure(tx: WriteTx, attempt: Attempt) -> None:
    """A wrong password or code; perhaps one too many."""
    tx.public()
    row = await queries.credentials_of(tx, attempt.email, attempt.address)
    is_known = row is not None and row.is_known
    subject = subject_of(attempt.email)
    for counted in await queries.locked_tries(tx, _counters(attempt, is_known=is_known)):
        most = MOST if counted.subject == subject else rules.MOST_FROM_ADDRESS
        before = Tries(counted.failures, counted.waits, counted.last_failed_at, counted.locked_until)
        after = rules.after_failure(before, tx.now, most)
        counted.failures, counted.waits = after.failures, after.waits
        counted.last_failed_at, counted.locked_until = tx.now, after.locked_until
        if counted.subject == subject:
            _tell(tx, attempt.email, after, is_known=is_known)


async def start_session(
    tx: WriteTx,
    proven: Credentials,
    attempt: Attempt,
    vault: FactorVault,
    refresh_token_days: int,
    *,
    tenant_id: str | None = None,
    otp: str | None = None,
    invitation: str | None = None,
) -> OpenSession | None:
    """``proven``: the caller has checked the password against them.

    None: the code is wrong, and that is counted. Commit that, then refuse. Raises WrongCredentials when the password
    has changed since; AccountLocked when others were wrong meanwhile; OtpRequired; NoSeat; InvitationInvalid.
    """
    tx.public()
    user = await queries.locked_user(tx, proven.user_id)
    if user is None or user.password_hash != proven.password_hash:
        raise WrongCredentials
    row = await queries.credentials_of(tx, attempt.email, attempt.address)
    is_known = row is not None and row.is_known
    await _refuse_in_wait(tx, _counters(attempt, is_known=is_known))
    has_factor = await queries.has_factor(tx, user.id)
    if has_factor:
        if otp is None:
            raise OtpRequired
        if not await factors.spend_code(tx, user.id, otp, vault):
            await note_failure(tx, attempt)
            return None
    if invitation is not None:
        tenant_id = (await invitations.take_invitation(tx, invitation, user)).tenant_id
    session = await open_session(tx, user, tenant_id, Method.PASSWORD, refresh_token_days, has_second_factor=has_factor)
    await _forgive(tx, attempt, user.id, is_known=is_known)
    return session


async def open_session_for(
    tx: WriteTx, user_id: UUID, tenant_id: str, method: Method, refresh_token_days: int
) -> OpenSession:
    """For other domains, which have made sure who it is. Raises SessionEnded, NoSeat."""
    tx.public()
    user = await queries.active_user(tx, user_id)
    if user is None:
        raise SessionEnded
    return await open_session(tx, user, tenant_id, method, refresh_token_days)


async def forget_tries(tx: WriteTx) -> None:
    """A bounded number of counters that count nothing any more, and of addresses that nobody came from for long."""
    tx.require(Permission.USERS_MANAGE)
    await queries.forget_old_tries(tx, tx.now - FORGIVEN_AFTER, tx.now - KNOWN_FOR, FORGOTTEN_AT_ONCE)


def subject_of(email: str) -> bytes:
    return hashlib.sha256(email.encode()).digest()


def _counters(attempt: Attempt, *, is_known: bool) -> Sequence[queries.Counter]:
    if is_known:
        return [(subject_of(attempt.email), str(attempt.address))]
    account = (subject_of(attempt.email), STRANGERS)
    if attempt.address is None:
        return [account]
    return [account, (hashlib.sha256(f"address:{attempt.address}".encode()).digest(), STRANGERS)]


async def _refuse_in_wait(tx: ReadTx, counters: Sequence[queries.Counter]) -> None:
    until = await queries.locked_until(tx, counters)
    if until is not None:
        raise AccountLocked(rules.minutes_left(until, tx.now))


async def _forgive(tx: WriteTx, attempt: Attempt, user_id: UUID, *, is_known: bool) -> None:
    """Only the counter that this person was counted by: their success must not give strangers new tries."""
    await queries.delete_tries(tx, subject_of(attempt.email), str(attempt.address) if is_known else STRANGERS)
    if attempt.address is not None:
        await queries.remember_address(tx, user_id, attempt.address)


def _tell(tx: WriteTx, email: str, after: Tries, *, is_known: bool) -> None:
    """The first failure and the one that begins a wait: a flood of others is not worth an entry each."""
    if after.failures == 1:
        tx.record(SignInFailed(email=email))
    if after.failures == 0 and after.locked_until is not None:
        tx.record(
            SignInLocked(email=email, locked_until=after.locked_until, waits=after.waits, from_known_address=is_known)
        )
