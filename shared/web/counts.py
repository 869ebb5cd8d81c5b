"""How often each caller has called in the current minute, counted by all processes of a plane together. Whoever has a
limit by the second is a caller of its own in each second besides (``ratelimit.py``).

One row per caller and minute in an unlogged table, counted up by one statement without a transaction around it. Only
one such statement is under way in a process; whoever calls meanwhile shares the next, so a storm of requests costs a
few statements and each of them still gets its exact number. Why not less exact and cheaper:
infra/docs/decisions/0009-request-counts.md.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import asyncpg
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.database import absence_is_unavailable
from shared.errors import Unavailable

log = structlog.get_logger()
PATIENCE_SECONDS = 2.0
AWAY_SECONDS = 1.0
"""After a failure the database is left alone for a moment: requests must not queue up behind its absence."""
Call = tuple[str, int]
"""A caller and a minute since 1970."""


class SharedCounts:
    """``schema`` holds the table ``request_counts``."""

    def __init__(self, engine: AsyncEngine, schema: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self.clock = clock
        self._away_until = float("-inf")
        self._waiting: list[tuple[list[Call], asyncio.Future[list[int] | None]]] = []
        self._counting: asyncio.Task[None] | None = None
        self._count = (
            f"insert into {schema}.request_counts as c (caller, minute, used)"  # noqa: S608 - a constant of ours
            # As text: for arrays, the driver would ask each new connection about their types first.
            " select w.caller, w.minute, w.used from json_to_recordset($1::text::json)"
            " as w (caller text, minute bigint, used bigint)"
            " on conflict (caller, minute) do update set used = c.used + excluded.used"
            " returning c.caller, c.minute, c.used"
        )
        self._forget = f"delete from {schema}.request_counts where minute < $1"  # noqa: S608 - a constant of ours

    async def add(self, callers: Sequence[str], minute: int) -> list[int] | None:
        """Count one call under each of these names; how many that makes in this minute, or None while the database is
        away.
        """
        if self.clock() < self._away_until:
            return None
        answer: asyncio.Future[list[int] | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(([(caller, minute) for caller in callers], answer))
        if self._counting is None or self._counting.done():
            self._counting = asyncio.create_task(self._work())
        return await answer

    async def add_all(self, calls: Mapping[Call, int]) -> None:
        """Several at once, whose totals nobody waits for. Raises Unavailable."""
        await self._add(calls)

    async def forget_before(self, minute: int) -> None:
        async with absence_is_unavailable(), self._engine.connect() as connection:
            await (await _driver(connection)).execute(self._forget, minute)

    async def _work(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            totals: dict[Call, int] = {}
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    totals = await self._add(Counter(call for calls, _ in batch for call in calls))
            except (Unavailable, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                self._away_until = self.clock() + AWAY_SECONDS
                log.warning("requests_counted_alone", error=str(error) or type(error).__name__)
            finally:
                for calls, answer in reversed(batch):  # the last one of a caller is told the total
                    numbers = None
                    if totals.keys() >= set(calls):
                        numbers = [totals[call] for call in calls]
                        totals.update({call: totals[call] - 1 for call in calls})
                    if not answer.done():
                        answer.set_result(numbers)

    async def _add(self, calls: Mapping[Call, int]) -> dict[Call, int]:
        # In one order everywhere: two processes that count the same callers must not wait for each other.
        wanted = [
            {"caller": caller, "minute": minute, "used": number} for (caller, minute), number in sorted(calls.items())
        ]
        async with absence_is_unavailable(), self._engine.connect() as connection:
            rows = await (await _driver(connection)).fetch(self._count, json.dumps(wanted))
        return {(row["caller"], row["minute"]): row["used"] for row in rows}


async def _driver(connection: AsyncConnection) -> asyncpg.Connection:
    """The connection below SQLAlchemy, which has begun no transaction on it: each statement commits by itself."""
    raw = await connection.get_raw_connection()
    driver: asyncpg.Connection = raw.driver_connection  # type: ignore[assignment]
    return driver
