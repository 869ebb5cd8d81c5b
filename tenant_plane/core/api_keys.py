"""What an API key looks like, and how one is recognised.

``opk_<tenant>_<id>_<secret>``: the tenant is in the key, so that this plane finds the schema without asking anybody.
Only a hash of the secret is stored; it has 256 random bits, which no dictionary holds, so a plain SHA-256 is enough
and costs nothing.
"""

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import text

from shared.errors import Unauthorized
from shared.tx import Actor, Clock, Database, Tenant, utc_now
from tenant_plane.core.directory import TenantDirectory
from tenant_plane.core.permissions import ROLES
from tenant_plane.core.tenancy import system_actor

PREFIX = "opk_"
KEY = re.compile(r"^opk_([a-z][a-z0-9-]{1,38}[a-z0-9])_([0-9a-z]{12})_([0-9A-Za-z-]{43})$")
CACHE_SECONDS = 4.0
"""A revoked key stops working within this time: 5 seconds are promised."""
LOAD = text(
    "select name, scope, profile, rate_limit_rps, secret_hash, expires_at from api_keys"
    " where id = :id and revoked_at is null and (expires_at is null or expires_at > :now)"
)


@dataclass(frozen=True, slots=True)
class NewKey:
    id: str
    secret_hash: bytes
    text: str
    """Shown once, never stored."""


def new_key(tenant: Tenant) -> NewKey:
    key_id = "".join(secrets.choice("0123456789abcdefghijklmnopqrstuvwxyz") for _ in range(12))
    secret = secrets.token_urlsafe(32).replace("_", "-")
    return NewKey(key_id, _hash(secret), f"{PREFIX}{tenant.id}_{key_id}_{secret}")


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


@dataclass(frozen=True, slots=True)
class Good:
    at: float
    tenant_id: str
    actor: Actor
    expires_at: datetime | None


@dataclass
class ApiKeys:
    """Verifies keys, remembering good ones for a few seconds. Every bad one gets the same words."""

    database: Database
    directory: TenantDirectory
    clock: Callable[[], float] = time.monotonic
    now: Clock = utc_now
    used: Callable[[Actor], None] | None = None
    """Hears of every use of a good key."""
    _good: dict[str, Good] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.directory.forgetters.append(self._forget)

    def _forget(self, tenant_id: str) -> None:
        """A tenant of the same name, made after this one was dropped, has other keys."""
        self._good = {digest: good for digest, good in self._good.items() if good.tenant_id != tenant_id}

    async def verify(self, key: str) -> Actor:
        """Raises Unauthorized; NotServedHere, before any SQL, for a key of a tenant that this plane is not for."""
        parts = KEY.match(key)
        if parts is None:
            raise _invalid()
        self.directory.require_served(parts[1])
        tenant = await self.directory.find(parts[1])
        if tenant is None:
            raise _invalid()
        digest = hashlib.sha256(key.encode()).hexdigest()
        good = self._good.get(digest)
        if good is None or self.clock() - good.at >= CACHE_SECONDS or good.actor.tenant != tenant:
            good = await self._load(tenant, parts[2], parts[3])
            if len(self._good) > 10_000:
                self._good.clear()
            self._good[digest] = good
        if good.expires_at is not None and good.expires_at <= self.now():
            raise _invalid()
        if self.used is not None:
            self.used(good.actor)
        return good.actor

    async def _load(self, tenant: Tenant, key_id: str, secret: str) -> Good:
        at = self.clock()
        async with self.database.read(system_actor(tenant)) as tx:
            row = (await tx.session.execute(LOAD, {"id": key_id, "now": tx.now})).one_or_none()
        if row is None or not hmac.compare_digest(row.secret_hash, _hash(secret)):
            raise _invalid()
        actor = Actor(
            id=f"key:{key_id}",
            kind="api_key",
            name=row.name,
            role=row.scope,
            permissions=ROLES[row.scope],
            tenant=tenant,
            profile=row.profile,
            requests_per_minute=await self.directory.rate_of(tenant.id, row.scope),
            requests_per_second=row.rate_limit_rps,
        )
        return Good(at, tenant.id, actor, row.expires_at)


def _invalid() -> Unauthorized:
    return Unauthorized("This API key is not valid.")
