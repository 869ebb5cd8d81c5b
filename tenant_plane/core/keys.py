"""The control plane's public keys, kept here: in memory, and in the database for a start without the control plane."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.database import absence_is_unavailable
from shared.errors import Unavailable
from shared.tokens import public_keys

REFRESH_SECONDS = 300.0
UNKNOWN_KID_SECONDS = 10.0
log = structlog.get_logger()
ONE_AT_A_TIME = text("select pg_advisory_xact_lock(hashtext('plane:signing_keys'))")
"""Processes that refresh at once would lock the same rows in different orders."""
WITHDRAW = text("delete from plane.signing_keys where kid <> all(cast(:kids as text[]))")
SAVE = text(
    "insert into plane.signing_keys (kid, jwk, fetched_at) values (:kid, cast(:jwk as jsonb), now())"
    " on conflict (kid) do update set jwk = excluded.jwk, fetched_at = now()"
)
LOAD = text("select jwk from plane.signing_keys where fetched_at > now() - interval '30 days'")


@dataclass
class SigningKeys:
    """``find`` answers from memory; an unknown ``kid`` asks the control plane, at most once in ten seconds.

    Whoever needs an unknown key waits for the question that is under way: right after a start, every caller does.
    """

    engine: AsyncEngine
    control_plane: httpx.AsyncClient
    clock: Callable[[], float] = time.monotonic
    _keys: dict[str, Any] = field(default_factory=dict)
    _asked_at: float = float("-inf")
    _asking: asyncio.Task[None] | None = None

    async def find(self, kid: str) -> Any | None:
        age = self.clock() - self._asked_at
        if age > REFRESH_SECONDS or (kid not in self._keys and age > UNKNOWN_KID_SECONDS):
            self._asked_at = self.clock()
            self._asking = asyncio.create_task(self._refresh())
        if kid not in self._keys and self._asking is not None:
            await asyncio.shield(self._asking)  # a caller that leaves must not end it for the others
        return self._keys.get(kid)

    async def _refresh(self) -> None:
        try:
            response = await self.control_plane.get("/.well-known/jwks.json", timeout=5)
            response.raise_for_status()
            jwks = response.json()
        except (httpx.HTTPError, ValueError) as error:
            log.warning("signing_keys_not_refreshed", error=str(error))
            if not self._keys:
                self._keys = public_keys({"keys": await self._load()})
            return
        self._keys = public_keys(jwks)
        try:
            await self._save(jwks["keys"])
        except Unavailable as error:  # kept in memory all the same
            log.warning("signing_keys_not_saved", error=error.detail)

    async def _save(self, jwks: list[dict[str, Any]]) -> None:
        """Exactly these from now on: a key that was withdrawn must not come back with the next start."""
        async with absence_is_unavailable(), self.engine.begin() as connection:
            await connection.execute(ONE_AT_A_TIME)
            await connection.execute(WITHDRAW, {"kids": [jwk["kid"] for jwk in jwks]})
            for jwk in jwks:
                await connection.execute(SAVE, {"kid": jwk["kid"], "jwk": json.dumps(jwk)})

    async def _load(self) -> list[dict[str, Any]]:
        async with absence_is_unavailable(), self.engine.connect() as connection:
            return list((await connection.execute(LOAD)).scalars())
