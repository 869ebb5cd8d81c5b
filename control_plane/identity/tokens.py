"""What the control plane signs: access tokens for people, and its own for speaking to tenant planes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from control_plane.identity.keys import SigningKeys
from control_plane.identity.schemas import ImpersonationRead, OpenSession
from shared.tokens import ANY_PLANE, PEOPLE, Claims, plane_audience, sign
from shared.tx import Actor, Clock, utc_now

INTERNAL_SECONDS = 60


@dataclass(frozen=True, slots=True)
class TokenIssuer:
    keys: SigningKeys
    access_token_seconds: int
    clock: Clock = utc_now

    async def access_token(self, session: OpenSession) -> str:
        """Its claims are ``shared.tokens.Claims``; ``sid`` is the session."""
        user = session.user
        claims = _claims(
            str(user.id),
            session.id,
            session.issued_at,
            self.access_token_seconds,
            email=user.email,
            name=user.name,
            role=user.role,
            tenant_id=user.tenant_id,
            method=session.method,
            second_factor=session.has_second_factor,
        )
        return await self._sign(claims, PEOPLE)

    async def impersonation_token(self, actor: Actor, started: ImpersonationRead, role: str) -> tuple[str, int]:
        """And how many seconds it lasts: to the end of the impersonation."""
        seconds = max(1, int((started.ends_at - started.starts_at).total_seconds()))
        claims = _claims(
            actor.id,
            started.id,
            started.starts_at,
            seconds,
            email=actor.name,
            name=actor.name,
            role=role,
            tenant_id=started.tenant_id,
            second_factor=True,
            impersonated_by=started.by,
        )
        return await self._sign(claims, PEOPLE), seconds

    async def internal_token(self, pinned_tenant: str | None) -> str:
        """The control plane itself, to one plane; refused by every other, and by every door for people."""
        claims = _claims(
            "control_plane",
            uuid7(),
            self.clock(),
            INTERNAL_SECONDS,
            email="",
            name="control plane",
            role="control_plane",
            tenant_id=None,
        )
        return await self._sign(claims, [ANY_PLANE, plane_audience(pinned_tenant)])

    async def _sign(self, claims: Claims, audience: str | Sequence[str]) -> str:
        key = await self.keys.current()
        return sign(claims.model_dump(mode="json"), key=key.private_key, kid=key.kid, audience=audience)


def _claims(
    sub: str,
    sid: UUID,
    issued_at: datetime,
    seconds: int,
    *,
    email: str,
    name: str,
    role: str,
    tenant_id: str | None,
    method: str = "password",
    second_factor: bool = False,
    impersonated_by: str | None = None,
) -> Claims:
    iat = int(issued_at.timestamp())
    return Claims(
        sub=sub,
        email=email,
        name=name,
        role=role,
        tenant_id=tenant_id,
        method=method,
        second_factor=second_factor,
        impersonated_by=impersonated_by,
        sid=sid,
        iat=iat,
        exp=iat + seconds,
    )
