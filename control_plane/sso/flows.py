"""Signing in through a provider: a commit, a talk with the provider, a commit; never a transaction during the talk.

A browser goes out with a state that is good once and for ten minutes, and only together with the cookie that it got.
What it brings back is never tokens but a code, good once and for a minute, again only together with the cookie.
"""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import structlog
from authlib.common.security import generate_token

from control_plane.core.system import SYSTEM
from control_plane.identity.schemas import OpenSession, SignedIn
from control_plane.sso import service
from control_plane.sso.errors import ExchangeRefused, NoConnection, ProviderFailed, SignInRefused
from control_plane.sso.ports import Assertion, Challenge, Client, IdentityProvider
from control_plane.sso.rules import Refusal
from control_plane.sso.schemas import Attempt, CallbackQuery, ProviderConnection, SsoCheck, StartQuery
from control_plane.sso.vault import ClientSecretVault
from shared.errors import AppError, QuotaExceeded
from shared.tx import ANONYMOUS, Actor, Database

log = structlog.get_logger()
VERIFIER_CHARACTERS = 64


@dataclass(frozen=True, slots=True)
class Departure:
    """Where to send the browser, and the secret that its cookie has to hold."""

    url: str
    browser: str


@dataclass(frozen=True, slots=True)
class Arrival:
    code: str
    next_path: str


@dataclass(frozen=True, slots=True)
class SsoFlows:
    database: Database
    vault: ClientSecretVault
    provider: IdentityProvider
    signed_in: Callable[[OpenSession], Awaitable[SignedIn]]
    refresh_token_days: int

    async def start(self, query: StartQuery, redirect_uri: str) -> Departure:
        """Raises SignInRefused: there is no such connection, or its provider can't be reached."""
        async with self.database.read(ANONYMOUS) as tx:
            connection = await service.find_connection(
                tx, self.vault, tenant_id=query.tenant_id, connection_id=query.connection
            )
        if connection is None:
            raise SignInRefused(Refusal.UNKNOWN, "There is no such connection.")
        challenge = Challenge(secrets.token_urlsafe(32), secrets.token_urlsafe(32), generate_token(VERIFIER_CHARACTERS))
        try:
            url = await self.provider.authorization_url(_client(connection), challenge, redirect_uri)
        except ProviderFailed as error:
            raise await self._refused(connection, Refusal.PROVIDER, error.detail) from None
        browser = secrets.token_urlsafe(32)
        async with self.database.write(ANONYMOUS) as tx:
            await service.start_attempt(tx, connection.id, challenge, browser, query.next)
        return Departure(url, browser)

    async def arrive(self, query: CallbackQuery, browser: str, redirect_uri: str) -> Arrival:
        """The browser is back from the provider. Raises SignInRefused, after the reason is in the audit log."""
        async with self.database.write(ANONYMOUS) as tx:
            attempt = await service.take_attempt(tx, query.state, browser)
        if attempt is None:
            raise SignInRefused(Refusal.EXPIRED, "The state is unknown, used, too old, or another browser's.")
        async with self.database.read(ANONYMOUS) as tx:
            connection = await service.find_connection(tx, self.vault, connection_id=attempt.connection_id)
        if connection is None:
            raise SignInRefused(Refusal.UNKNOWN, "The connection was taken away during the sign-in.")
        try:
            assertion = await self._redeem(connection, attempt, query, redirect_uri)
            async with self.database.write(_acting(connection)) as tx:
                code = await service.admit(tx, connection.tenant_id, connection.id, assertion, browser)
        except SignInRefused as error:
            raise await self._refused(connection, error.refusal, error.detail) from None
        except ProviderFailed as error:
            raise await self._refused(connection, Refusal.PROVIDER, error.detail) from None
        except QuotaExceeded as error:
            raise await self._refused(connection, Refusal.QUOTA, error.detail) from None
        return Arrival(code, attempt.next_path)

    async def exchange(self, code: str, browser: str) -> SignedIn:
        """Raises ExchangeRefused; NoSeat."""
        async with self.database.write(ANONYMOUS) as tx:
            session = await service.open_sso_session(tx, code, browser, self.refresh_token_days)
        if session is None:
            raise ExchangeRefused
        return await self.signed_in(session)

    async def check(self, actor: Actor, tenant_id: str | None) -> SsoCheck:
        """Ask the provider for what it publishes, and say exactly what fails. Raises NoConnection, SecretLost."""
        async with self.database.read(actor) as tx:
            connection = await service.get_connection(tx, tenant_id)
            if connection is None:
                raise NoConnection
            await service.find_connection(tx, self.vault, connection_id=connection.id)
        try:
            facts = await self.provider.check(connection.issuer)
        except ProviderFailed as error:
            return SsoCheck(is_working=False, failed_step=error.step, failure=error.detail)
        return SsoCheck(
            is_working=True,
            issuer=facts.issuer,
            authorization_endpoint=facts.authorization_endpoint,
            token_endpoint=facts.token_endpoint,
            jwks_uri=facts.jwks_uri,
            keys=facts.keys,
            has_pkce=facts.has_pkce,
        )

    async def forget_expired(self) -> None:
        async with self.database.write(SYSTEM) as tx:
            await service.forget_expired(tx)

    async def _redeem(
        self, connection: ProviderConnection, attempt: Attempt, query: CallbackQuery, redirect_uri: str
    ) -> Assertion:
        if query.error is not None:
            refusal = Refusal.DENIED if query.error == "access_denied" else Refusal.PROVIDER
            raise SignInRefused(refusal, f"The provider answered {query.error[:100]!r}.")
        if query.iss not in (None, connection.issuer) or query.code is None:
            raise SignInRefused(Refusal.PROVIDER, "The answer lacks a code, or names another issuer.")
        return await self.provider.redeem(
            _client(connection), query.code, attempt.nonce, attempt.code_verifier, redirect_uri, connection.group_claim
        )

    async def _refused(self, connection: ProviderConnection, refusal: Refusal, detail: str) -> SignInRefused:
        """A note that can't be kept does not change what the person at the browser is told."""
        try:
            async with self.database.write(_acting(connection)) as tx:
                await service.note_refusal(tx, connection.id, connection.tenant_id, refusal, detail)
        except AppError as error:
            log.warning("sso_refusal_not_noted", tenant=connection.tenant_id, detail=error.detail)
        return SignInRefused(refusal, detail)


def _client(connection: ProviderConnection) -> Client:
    return Client(connection.issuer, connection.client_id, connection.client_secret)


def _acting(connection: ProviderConnection) -> Actor:
    """Who did it, in the audit log: neither a person nor the control plane of itself."""
    return replace(SYSTEM, id=f"sso_connection:{connection.id}", name=f"single sign-on of {connection.tenant_id}")
