"""Fetching usage from the planes: ask without a transaction, then keep what came."""

from dataclasses import dataclass, field
from datetime import UTC, timedelta

import structlog

from control_plane.core.system import SYSTEM
from control_plane.quotas import service
from control_plane.quotas.ports import Planes, UsageSource
from control_plane.quotas.rules import TREND_DAYS
from shared.errors import AppError
from shared.tx import Clock, Database, utc_now

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class UsageFlows:
    """``_caught_up``: planes that have told this process about the days before today's and yesterday's."""

    database: Database
    planes: Planes
    source: UsageSource
    clock: Clock = utc_now
    _caught_up: set[str] = field(default_factory=set)

    async def fetch_usage(self) -> None:
        """From every plane; one that does not answer is asked again at the next turn."""
        for url in await self.planes():
            try:
                await self._fetch(url)
            except AppError as error:
                log.warning("usage_not_fetched", plane=url, detail=error.detail)

    async def end_due_limits(self) -> None:
        async with self.database.write(SYSTEM) as tx:
            await service.end_due_limits(tx)

    async def _fetch(self, url: str) -> None:
        """Yesterday too: its last minutes may have been reported nowhere yet."""
        days = 1 if url in self._caught_up else TREND_DAYS
        since, after = self.clock().astimezone(UTC).date() - timedelta(days=days), None
        while True:
            report = await self.source.usage(url, since, after)
            async with self.database.write(SYSTEM) as tx:
                await service.note_usage(tx, report.items)
            after = report.next_after
            if after is None:
                break
        self._caught_up.add(url)
