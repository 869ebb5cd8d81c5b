"""Signing in through a tenant's provider: whom it may vouch for, what they become here, and their session.

The rule that keeps tenants apart is infra/docs/decisions/0010-sso-boundary.md: a connection admits people to its own
tenant only, never gives away an account that exists elsewhere, and its sessions never leave the tenant.
"""

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from pydantic import ValidationError

from control_plane.core.permissions import Permission
from control_plane.identity import service as identity
from control_plane.identity.errors import LastAdmin
from control_plane.identity.rules import Method, Role
from control_plane.identity.schemas import MemberRead, OpenSession
from control_plane.quotas import service as quotas
from control_plane.sso import queries, rules
from control_plane.sso.errors import ExchangeRefused, SecretLost, SignInRefused
from control_plane.sso.models import SsoAttempt, SsoConnection, SsoExchange, SsoIdentity
from control_plane.sso.ports import Assertion, Challenge
from control_plane.sso.rules import Refusal
from control_plane.sso.schemas import (
    Attempt,
    Claimed,
    FoundConnection,
    FoundConnections,
    ProviderConnection,
    SsoAdmitted,
    SsoLinked,
    SsoRefused,
)
from control_plane.sso.vault import ClientSecretVault
from control_plane.tenants import service as tenants
from shared.tx import ReadTx, WriteTx

ATTEMPT_SECONDS = 600
EXCHANGE_SECONDS = 60
FORGOTTEN_AT_ONCE = 1000
START_PATH = "/api/auth/sso/start"


async def discover_connections(tx: ReadTx, email: str) -> FoundConnections:
    """By the domain alone, so that it tells nothing about people. Only confirmed ones: anybody may claim a domain."""
    tx.public()
    found = await queries.connections_found_by(tx, rules.domain_of(email))
    return FoundConnections(
        connections=[
            FoundConnection(display_name=row.display_name, start_url=f"{START_PATH}?connection={row.id}")
            for row in found
        ]
    )


async def find_connection(
    tx: ReadTx, vault: ClientSecretVault, *, tenant_id: str | None = None, connection_id: UUID | None = None
) -> ProviderConnection | None:
    """By one of the two; no door shows it. Raises SecretLost."""
    tx.public()
    connection = None
    if connection_id is not None:
        connection = await queries.connection_by_id(tx, connection_id)
    elif tenant_id is not None:
        connection = await queries.connection_of(tx, tenant_id)
    if connection is None:
        return None
    client_secret = None
    if connection.sealed_client_secret is not None:
        client_secret = vault.open(connection.id, connection.sealed_client_secret)
        if client_secret is None:
            raise SecretLost
    return ProviderConnection(
        id=connection.id,
        tenant_id=connection.tenant_id,
        issuer=connection.issuer,
        client_id=connection.client_id,
        client_secret=client_secret,
        group_claim=connection.group_claim,
    )


async def start_attempt(
    tx: WriteTx, connection_id: UUID, challenge: Challenge, browser: str, next_path: str | None
) -> None:
    """``browser``: the secret that only this browser's cookie holds."""
    tx.public()
    tx.session.add(
        SsoAttempt(
            state_hash=_hash(challenge.state),
            connection_id=connection_id,
            browser_hash=_hash(browser),
            nonce=challenge.nonce,
            code_verifier=challenge.code_verifier,
            next_path=rules.own_path(next_path),
            expires_at=tx.now + timedelta(seconds=ATTEMPT_SECONDS),
        )
    )


async def take_attempt(tx: WriteTx, state: str, browser: str) -> Attempt | None:
    """Once: it is gone after this commit, whatever follows. None when it is unknown, too old, or another browser's."""
    tx.public()
    row = await queries.take_attempt(tx, _hash(state))
    if row is None or row.expires_at <= tx.now or not secrets.compare_digest(row.browser_hash, _hash(browser)):
        return None
    return Attempt(row.connection_id, row.nonce, row.code_verifier, row.next_path)


async def admit(tx: WriteTx, tenant_id: str, connection_id: UUID, assertion: Assertion, browser: str) -> str:
    """Let somebody in whom the provider vouches for; returns the code that their page exchanges for tokens. Members of
    a suspended tenant come in as what they are; nobody becomes one, and no role changes.

    Raises SignInRefused; QuotaExceeded when they would be one member too many.
    """
    tx.require(Permission.MEMBERS_PROVISION)
    # Locked, so that a person who comes twice at once is linked once.
    connection = await queries.locked_connection(tx, tenant_id)
    if connection is None or connection.id != connection_id:
        raise SignInRefused(Refusal.UNKNOWN, "The connection was taken away during the sign-in.")
    claimed = _claimed(connection, assertion)
    known = await queries.identity_of(tx, connection.id, claimed.subject)
    if known is not None:
        member = await _active_member(tx, connection, known.user_id)
        known.last_used_at = tx.now
    else:
        member = await _first_time(tx, connection, claimed, assertion)
    role = await _follow_groups(tx, connection, member, assertion)
    tx.record(
        SsoAdmitted(connection_id=connection.id, tenant_id=connection.tenant_id, user_id=member.user_id, role=role)
    )
    code = secrets.token_urlsafe(32)
    tx.session.add(
        SsoExchange(
            code_hash=_hash(code),
            connection_id=connection.id,
            user_id=member.user_id,
            browser_hash=_hash(browser),
            expires_at=tx.now + timedelta(seconds=EXCHANGE_SECONDS),
        )
    )
    return code


async def open_sso_session(tx: WriteTx, code: str, browser: str, refresh_token_days: int) -> OpenSession | None:
    """None: the code is used up now and good for nothing. Commit that, then refuse. Raises NoSeat."""
    tx.public()
    row = await queries.take_exchange(tx, _hash(code))
    if row is None:
        raise ExchangeRefused
    connection = await queries.connection_by_id(tx, row.connection_id)
    is_valid = row.expires_at > tx.now and secrets.compare_digest(row.browser_hash, _hash(browser))
    if connection is None or not is_valid:
        return None
    return await identity.open_session_for(tx, row.user_id, connection.tenant_id, Method.SSO, refresh_token_days)


async def note_refusal(tx: WriteTx, connection_id: UUID, tenant_id: str, refusal: Refusal, detail: str) -> None:
    """For the tenant's admins, who find in their audit log what exactly was wrong."""
    tx.public()
    tx.record(SsoRefused(connection_id=connection_id, tenant_id=tenant_id, refusal=refusal, detail=detail))


async def default_role(tx: ReadTx, tenant_id: str) -> Role:
    """What somebody becomes of whom nothing else is said; with no connection the least."""
    tx.require(Permission.MEMBERS_PROVISION)
    connection = await queries.connection_of(tx, tenant_id)
    return Role.VIEWER if connection is None or connection.default_role is None else Role(connection.default_role)


async def is_break_glass(tx: ReadTx, tenant_id: str, user_id: UUID) -> bool:
    tx.require(Permission.MEMBERS_PROVISION)
    connection = await queries.connection_of(tx, tenant_id)
    return connection is not None and user_id in connection.break_glass_user_ids


async def forget_expired(tx: WriteTx) -> None:
    """A bounded number of attempts and exchanges that came to nothing."""
    tx.require(Permission.USERS_MANAGE)
    await queries.delete_expired(tx, FORGOTTEN_AT_ONCE)


def _claimed(connection: SsoConnection, assertion: Assertion) -> Claimed:
    if assertion.email is None:
        raise SignInRefused(Refusal.EMAIL, "The ID token has no email; let the provider send that claim.")
    if not rules.is_email_proven(assertion.is_email_verified, connection.is_email_trusted):
        raise SignInRefused(Refusal.EMAIL, f"The provider does not say that {assertion.email} is verified.")
    try:
        claimed = Claimed(
            subject=assertion.subject, email=assertion.email, name=(assertion.name or assertion.email)[:300]
        )
    except ValidationError:
        raise SignInRefused(Refusal.EMAIL, "The ID token's sub, email or name is no usable text.") from None
    if rules.domain_of(claimed.email) not in connection.email_domains:
        raise SignInRefused(Refusal.EMAIL, f"{claimed.email} is in none of the connection's domains.")
    return claimed


async def _first_time(tx: WriteTx, connection: SsoConnection, claimed: Claimed, assertion: Assertion) -> MemberRead:
    """Link a subject: to a member who has this address, or to a new account. Never to an account from elsewhere."""
    account = await identity.find_account(tx, claimed.email)
    if account is None:
        member = await _new_member(tx, connection, claimed, assertion)
    else:
        if account.is_super_admin:
            raise SignInRefused(Refusal.NO_ACCESS, f"{claimed.email} is an account that no tenant's provider opens.")
        member = await _active_member(tx, connection, account.id)
        if await queries.has_other_subject(tx, connection.id, account.id):
            raise SignInRefused(
                Refusal.LINKED,
                f"{claimed.email} belongs to another subject of the provider; remove and invite the member anew.",
            )
    tx.session.add(
        SsoIdentity(
            connection_id=connection.id,
            subject=claimed.subject,
            user_id=member.user_id,
            tenant_id=connection.tenant_id,
            created_at=tx.now,
            last_used_at=tx.now,
        )
    )
    await tx.session.flush()
    tx.record(
        SsoLinked(
            connection_id=connection.id,
            tenant_id=connection.tenant_id,
            user_id=member.user_id,
            subject=claimed.subject,
        )
    )
    return member


async def _active_member(tx: WriteTx, connection: SsoConnection, user_id: UUID) -> MemberRead:
    member = await identity.find_member(tx, connection.tenant_id, user_id)
    if member is None or not member.is_active:
        raise SignInRefused(Refusal.NO_ACCESS, "This account is no active member of the tenant; invite it first.")
    return member


async def _new_member(tx: WriteTx, connection: SsoConnection, claimed: Claimed, assertion: Assertion) -> MemberRead:
    if not connection.create_users:
        raise SignInRefused(
            Refusal.NO_ACCESS, f"{claimed.email} is no member, and the connection creates nobody; invite them first."
        )
    role = rules.mapped_role(assertion.groups, connection.role_mapping, connection.default_role)
    if role is None:
        raise SignInRefused(Refusal.NO_ROLE, f"No group of {claimed.email} gives a role.")
    if await _is_suspended(tx, connection):
        raise SignInRefused(Refusal.NO_ACCESS, f"{claimed.email} is no member, and the tenant is suspended.")
    await quotas.require_room_for_user(tx, connection.tenant_id)
    return await identity.create_member(tx, connection.tenant_id, claimed.email, claimed.name, Role(role))


async def _follow_groups(tx: WriteTx, connection: SsoConnection, member: MemberRead, assertion: Assertion) -> Role:
    """The groups decide at each sign-in, except for break-glass admins and the last admin."""
    if not connection.role_mapping or member.user_id in connection.break_glass_user_ids:
        return member.role
    role = rules.mapped_role(assertion.groups, connection.role_mapping, connection.default_role)
    if role is None:
        raise SignInRefused(Refusal.NO_ROLE, f"No group of {member.email} gives a role.")
    if role == member.role or await _is_suspended(tx, connection):
        return member.role
    try:
        await identity.set_role(tx, connection.tenant_id, member.user_id, Role(role))
    except LastAdmin:
        return member.role
    return Role(role)


async def _is_suspended(tx: ReadTx, connection: SsoConnection) -> bool:
    return (await tenants.describe_tenants(tx, [connection.tenant_id]))[connection.tenant_id].is_suspended


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
