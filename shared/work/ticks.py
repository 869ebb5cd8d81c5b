"""Ticks: work that happens by itself. No input; compare wanted with actual; bounded; safe to repeat.

A tick that fails is logged and comes again at its next turn, and so does one whose database was away or busy, which is
no defect. Two processes may tick at once, so each tick locks the rows it changes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog
from prometheus_client import Counter

from shared.errors import Unavailable

log = structlog.get_logger()
TICKS = Counter("opsplane_ticks_total", "Ticks that ran", ["name", "result"])


@dataclass(frozen=True, slots=True)
class Tick:
    name: str
    every_seconds: float
    run: Callable[[], Awaitable[None]]


async def run_ticks(ticks: Sequence[Tick], stop: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as group:
        for tick in ticks:
            group.create_task(_repeat(tick, stop))


async def _repeat(tick: Tick, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await tick.run()
            TICKS.labels(tick.name, "done").inc()
        except Unavailable as error:
            TICKS.labels(tick.name, "failed").inc()
            log.warning("tick_put_off", tick=tick.name, detail=error.detail)
        except Exception as error:
            TICKS.labels(tick.name, "failed").inc()
            log.error("tick_failed", tick=tick.name, exc_info=error)
        try:
            await asyncio.wait_for(stop.wait(), tick.every_seconds)
        except TimeoutError:
            continue
