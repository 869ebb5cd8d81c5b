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

from sqlalchemy import text

from shared.errors import Unauthorized
from shared.tx import Actor, Database, Tenant
from tenant_plane.core.directory import TenantDirectory
from tenant_plane.core.permissions import ROLES
from tenant_plane.core.tenancy import system_actor

PREFIX = "opk_"
KEY = re.compile(r"^opk_([a-z][a-z0-9-]{1,38}[a-z0-9])_([0-9a-z]{12})_([0-9A-Za-z-]{43})$")
CACHE_SECONDS = 4.0
"""A revoked key stops working within this time: 5 seconds are promised."""
LOAD = text(
    "select name, scope, profile, rate_limit_rps, secret_hash from api_keys"
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


@dataclass
class ApiKeys:
    """Verifies keys, remembering good ones for a few seconds. Every bad one gets the same words."""

    database: Database
    directory: TenantDirectory
    clock: Callable[[], float] = time.monotonic
    _good: dict[str, tuple[float, Actor]] = field(default_factory=dict)

    async def verify(self, key: str) -> Actor:
        digest = hashlib.sha256(key.encode()).hexdigest()
        cached = self._good.get(digest)
        if cached is not None and self.clock() - cached[0] < CACHE_SECONDS:
            return cached[1]
        actor = await self._load(key)
        if actor is None:
            raise Unauthorized("This API key is not valid.")
        if len(self._good) > 10_000:
            self._good.clear()
        self._good[digest] = (self.clock(), actor)
        return actor

    async def _load(self, key: str) -> Actor | None:
        parts = KEY.match(key)
        tenant = await self.directory.find(parts[1]) if parts else None
        if parts is None or tenant is None:
            return None
        async with self.database.read(system_actor(tenant)) as tx:
            row = (await tx.session.execute(LOAD, {"id": parts[2], "now": tx.now})).one_or_none()
        if row is None or not hmac.compare_digest(row.secret_hash, _hash(parts[3])):
            return None
        return Actor(
            id=f"key:{parts[2]}",
            kind="api_key",
            name=row.name,
            role=row.scope,
            permissions=ROLES[row.scope],
            tenant=tenant,
            profile=row.profile,
            requests_per_minute=row.rate_limit_rps * 60 if row.rate_limit_rps else None,
        )
