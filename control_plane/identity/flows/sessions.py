"""Signing in takes a read, a slow password check and a write, in this order: no connection waits for argon2.

Refusals that must leave a trace (a reused refresh token, a wrong password) are raised after the commit, not inside it.
Tries for one account from one address come one after the other, so that five at once are five tries.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from pydantic import SecretStr

from control_plane.identity import service
from control_plane.identity.errors import SessionEnded, WrongCredentials, WrongOtp
from control_plane.identity.passwords import PasswordChecker
from control_plane.identity.schemas import Attempt, Credentials, OpenSession, Refresh, SignedIn, SignIn, SignOut
from control_plane.identity.tokens import TokenIssuer
from control_plane.identity.vault import FactorVault
from shared.trace import current_address
from shared.tx import ANONYMOUS, Actor, Database


@dataclass(frozen=True, slots=True)
class SessionFlows:
    database: Database
    passwords: PasswordChecker
    issuer: TokenIssuer
    factors: FactorVault
    refresh_token_days: int
    _turns: WeakValueDictionary[Attempt, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    async def sign_in(self, command: SignIn) -> SignedIn:
        """WrongCredentials, in equal words and time whatever is wrong; all else only after the right password.

        Raises AccountLocked during a wait; OtpRequired, WrongOtp; NoSeat; InvitationInvalid.
        """
        async with self.proven(command.email, command.password) as (attempt, credentials):
            async with self.database.write(_as(credentials)) as tx:
                session = await service.start_session(
                    tx,
                    credentials,
                    attempt,
                    self.factors,
                    self.refresh_token_days,
                    tenant_id=command.tenant_id,
                    otp=_shown(command.otp),
                    invitation=_shown(command.invitation),
                )
            if session is None:
                raise WrongOtp
        return await self.signed_in(session)

    @asynccontextmanager
    async def proven(self, email: str, password: SecretStr) -> AsyncIterator[tuple[Attempt, Credentials]]:
        """Inside, this password was right a moment ago, and nobody else tries. Raises WrongCredentials, AccountLocked.

        A code that comes with the password is checked inside; a wrong one is counted by ``service.note_failure``.
        """
        attempt = Attempt(email, current_address.get())
        turn = self._turns.setdefault(attempt, asyncio.Lock())
        async with turn:
            async with self.database.read(ANONYMOUS) as tx:
                credentials = await service.find_credentials(tx, attempt)
            password_hash = None if credentials is None else credentials.password_hash
            matched = await self.passwords.matches(password.get_secret_value(), password_hash)
            if credentials is None or not matched:
                async with self.database.write(ANONYMOUS) as tx:
                    await service.note_failure(tx, attempt)
                raise WrongCredentials
            yield attempt, credentials

    async def refresh(self, command: Refresh) -> SignedIn:
        async with self.database.write(ANONYMOUS) as tx:
            session = await service.refresh_session(
                tx, command.refresh_token.get_secret_value(), command.tenant_id, self.refresh_token_days
            )
        if session is None:
            raise SessionEnded
        return await self.signed_in(session)

    async def sign_out(self, command: SignOut) -> None:
        async with self.database.write(ANONYMOUS) as tx:
            await service.end_session(tx, command.refresh_token.get_secret_value())

    async def signed_in(self, session: OpenSession) -> SignedIn:
        return SignedIn(
            token=await self.issuer.access_token(session),
            refresh_token=session.refresh_token,
            expires_in=self.issuer.access_token_seconds,
            user=session.user,
        )


def _as(credentials: Credentials) -> Actor:
    """The person, for the audit log; they may do nothing yet."""
    return Actor(
        id=str(credentials.user_id), kind="user", name=credentials.email, role="signing_in", permissions=frozenset()
    )


def _shown(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
