"""Signing in takes a read, a slow password check and a write, in this order: no connection waits for argon2.

Refusals that must leave a trace (a reused refresh token) are raised after the commit, not inside it.
"""

from dataclasses import dataclass

from control_plane.identity import service
from control_plane.identity.errors import SessionEnded, WrongCredentials
from control_plane.identity.passwords import PasswordChecker
from control_plane.identity.schemas import OpenSession, Refresh, SignedIn, SignIn, SignOut
from control_plane.identity.tokens import TokenIssuer
from shared.tx import ANONYMOUS, Database


@dataclass(frozen=True, slots=True)
class SessionFlows:
    database: Database
    passwords: PasswordChecker
    issuer: TokenIssuer
    refresh_token_days: int

    async def sign_in(self, command: SignIn) -> SignedIn:
        """WrongCredentials, in equal words and time whatever is wrong; NoSeat only after the right password."""
        async with self.database.read(ANONYMOUS) as tx:
            credentials = await service.find_credentials(tx, command.email)
        password_hash = None if credentials is None else credentials.password_hash
        matched = await self.passwords.matches(command.password.get_secret_value(), password_hash)
        if credentials is None or not matched:
            raise WrongCredentials
        async with self.database.write(ANONYMOUS) as tx:
            session = await service.start_session(tx, credentials, command.tenant_id, self.refresh_token_days)
        return await self._signed_in(session)

    async def refresh(self, command: Refresh) -> SignedIn:
        async with self.database.write(ANONYMOUS) as tx:
            session = await service.refresh_session(
                tx, command.refresh_token.get_secret_value(), command.tenant_id, self.refresh_token_days
            )
        if session is None:
            raise SessionEnded
        return await self._signed_in(session)

    async def sign_out(self, command: SignOut) -> None:
        async with self.database.write(ANONYMOUS) as tx:
            await service.end_session(tx, command.refresh_token.get_secret_value())

    async def _signed_in(self, session: OpenSession) -> SignedIn:
        return SignedIn(
            token=await self.issuer.access_token(session),
            refresh_token=session.refresh_token,
            expires_in=self.issuer.access_token_seconds,
            user=session.user,
        )
