from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, delete, select

from control_plane.sso.models import SsoAttempt, SsoConnection, SsoExchange, SsoIdentity
from shared.tx import ReadTx, WriteTx

MOST_FOUND = 10


async def connection_of(tx: ReadTx, tenant_id: str) -> SsoConnection | None:
    statement = select(SsoConnection).where(SsoConnection.tenant_id == tenant_id)
    return (await tx.session.execute(statement)).scalar_one_or_none()


async def connection_by_id(tx: ReadTx, connection_id: UUID) -> SsoConnection | None:
    return (
        await tx.session.execute(select(SsoConnection).where(SsoConnection.id == connection_id))
    ).scalar_one_or_none()


async def locked_connection(tx: WriteTx, tenant_id: str) -> SsoConnection | None:
    statement = select(SsoConnection).where(SsoConnection.tenant_id == tenant_id).with_for_update()
    return (await tx.session.execute(statement)).scalar_one_or_none()


async def connections_found_by(tx: ReadTx, domain: str) -> Sequence[Row[UUID, str]]:
    """Id and display name of those that a super-admin has confirmed for the domain."""
    statement = (
        select(SsoConnection.id, SsoConnection.display_name)
        .where(SsoConnection.confirmed_domains.contains([domain]))
        .order_by(SsoConnection.display_name, SsoConnection.id)
        .limit(MOST_FOUND)
    )
    return (await tx.session.execute(statement)).all()


async def take_attempt(tx: WriteTx, state_hash: bytes) -> Row[UUID, bytes, str, str, str, datetime] | None:
    statement = (
        delete(SsoAttempt)
        .where(SsoAttempt.state_hash == state_hash)
        .returning(
            SsoAttempt.connection_id,
            SsoAttempt.browser_hash,
            SsoAttempt.nonce,
            SsoAttempt.code_verifier,
            SsoAttempt.next_path,
            SsoAttempt.expires_at,
        )
    )
    return (await tx.session.execute(statement)).one_or_none()


async def take_exchange(tx: WriteTx, code_hash: bytes) -> Row[UUID, UUID, bytes, datetime] | None:
    statement = (
        delete(SsoExchange)
        .where(SsoExchange.code_hash == code_hash)
        .returning(SsoExchange.connection_id, SsoExchange.user_id, SsoExchange.browser_hash, SsoExchange.expires_at)
    )
    return (await tx.session.execute(statement)).one_or_none()


async def identity_of(tx: ReadTx, connection_id: UUID, subject: str) -> SsoIdentity | None:
    statement = select(SsoIdentity).where(SsoIdentity.connection_id == connection_id, SsoIdentity.subject == subject)
    return (await tx.session.execute(statement)).scalar_one_or_none()


async def has_other_subject(tx: ReadTx, connection_id: UUID, user_id: UUID) -> bool:
    statement = select(SsoIdentity.subject).where(
        SsoIdentity.connection_id == connection_id, SsoIdentity.user_id == user_id
    )
    return (await tx.session.execute(statement)).first() is not None


async def forget_identities(tx: WriteTx, connection_id: UUID) -> None:
    for table in (SsoIdentity, SsoAttempt, SsoExchange):
        await tx.session.execute(delete(table).where(table.connection_id == connection_id))


async def delete_expired(tx: WriteTx, limit: int) -> None:
    old_attempts = select(SsoAttempt.state_hash).where(SsoAttempt.expires_at < tx.now).limit(limit)
    await tx.session.execute(delete(SsoAttempt).where(SsoAttempt.state_hash.in_(old_attempts)))
    old_exchanges = select(SsoExchange.code_hash).where(SsoExchange.expires_at < tx.now).limit(limit)
    await tx.session.execute(delete(SsoExchange).where(SsoExchange.code_hash.in_(old_exchanges)))
