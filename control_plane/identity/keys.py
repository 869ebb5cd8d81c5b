"""The signing keys, in memory. They change rarely and are needed by every request.

A key is published before it signs (``active_from``) and after it has signed (``retire_at``), so that a rotation is two
rows and no restart: the planes ask for the keys every five minutes, and a new one waits for at least fifteen. While the
database is away the keys known last go on working.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from control_plane.core.system import SYSTEM
from control_plane.identity import service
from control_plane.identity.models import SigningKeyRow
from control_plane.identity.schemas import SigningKeysRead
from control_plane.identity.vault import KeyVault
from shared.errors import Unavailable
from shared.tokens import public_keys
from shared.tx import Actor, Clock, Database, utc_now

FRESH_SECONDS = 10.0
UNKNOWN_KID_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class SigningKey:
    kid: str
    private_key: Ed25519PrivateKey
    public_jwk: dict[str, Any]
    active_from: datetime


class SigningKeys:
    """``lead``: how long a new key is published before it signs; ``days``: how long it signs before the next one."""

    def __init__(
        self,
        database: Database,
        vault: KeyVault,
        *,
        clock: Clock = utc_now,
        lead: timedelta = timedelta(minutes=15),
        days: int = 90,
    ) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._lead = lead
        self._days = days
        self._lock = asyncio.Lock()
        self._keys: list[SigningKey] = []
        self._public: dict[str, Any] = {}
        self._loaded_at = float("-inf")

    async def current(self) -> SigningKey:
        """The newest key that may sign now; the first one ever is made here."""
        await self._refresh(FRESH_SECONDS)
        now = self._clock()
        active = [key for key in self._keys if key.active_from <= now]
        return (active or self._keys[:1])[-1]  # the first one was made by a clock that is a little ahead of ours

    async def public_key(self, kid: str) -> Any | None:
        """For ``shared.tokens.Verifier``. Unknown names ask the database at most once in five seconds."""
        await self._refresh(FRESH_SECONDS if kid in self._public else UNKNOWN_KID_SECONDS)
        return self._public.get(kid)

    async def jwk_set(self) -> dict[str, Any]:
        await self._refresh(FRESH_SECONDS)
        return {"keys": [key.public_jwk for key in self._keys]}

    async def rotate(self, actor: Actor, *, immediately: bool) -> SigningKeysRead:
        """Raises KeyWaiting. Other processes notice within ten seconds."""
        async with self._database.write(actor) as tx:
            keys = await service.rotate_signing_key(tx, self._vault, self._lead, immediately=immediately)
        self._loaded_at = float("-inf")
        return keys

    async def rotate_when_due(self) -> None:
        """A tick."""
        async with self._database.write(SYSTEM) as tx:
            await service.rotate_when_due(tx, self._vault, self._lead, self._days)

    async def _refresh(self, fresh_seconds: float) -> None:
        if self._is_fresh(fresh_seconds):
            return
        async with self._lock:
            if self._is_fresh(fresh_seconds):
                return
            try:
                rows = await self._load()
            except Unavailable:
                if not self._keys:
                    raise
            else:
                self._keep(rows)
            self._loaded_at = time.monotonic()

    def _is_fresh(self, seconds: float) -> bool:
        return time.monotonic() - self._loaded_at < seconds

    async def _load(self) -> Sequence[SigningKeyRow]:
        async with self._database.read(SYSTEM) as tx:
            rows = await service.list_signing_keys(tx)
            if any(row.active_from <= tx.now for row in rows):
                return rows
        async with self._database.write(SYSTEM) as tx:
            return await service.ensure_signing_key(tx, self._vault)

    def _keep(self, rows: Sequence[SigningKeyRow]) -> None:
        self._keys = [
            SigningKey(row.kid, self._vault.open(row.kid, row.sealed_private_key), row.public_jwk, row.active_from)
            for row in rows
        ]
        self._public = public_keys({"keys": [key.public_jwk for key in self._keys]})
