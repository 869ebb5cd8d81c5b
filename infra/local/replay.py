"""Sends a story to a running installation through its public API, and counts what became of it."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median, quantiles
from typing import Any

import httpx

from shared.tx import utc_now
from tenant_plane.demo.storm import STORY_SECONDS, StormRequest, storm

ATTEMPTS = 5


@dataclass(slots=True)
class Result:
    """``seconds`` are the times from sending a request to its answer."""

    requests: int = 0
    alerts: int = 0
    duplicates: int = 0
    incidents: set[str] = field(default_factory=set)
    dead_letters: int = 0
    seconds: list[float] = field(default_factory=list)

    @property
    def compression(self) -> float:
        return 1 - len(self.incidents) / self.alerts if self.alerts else 0.0

    @property
    def p50_ms(self) -> float:
        return median(self.seconds) * 1000 if self.seconds else 0.0

    @property
    def p95_ms(self) -> float:
        return quantiles(self.seconds, n=20)[-1] * 1000 if len(self.seconds) > 1 else self.p50_ms


def demo_storm() -> list[StormRequest]:
    """The story, ending now, so that ages on the screen read naturally."""
    now = utc_now()
    return storm(datetime.fromtimestamp(now.timestamp() - STORY_SECONDS, now.tzinfo))


async def send(
    base_url: str, api_key: str, requests: Sequence[StormRequest], progress: Callable[[Result], None]
) -> Result:
    """In the story's order, one after the other: a resolve must not overtake its alert."""
    result = Result()
    headers = {"authorization": f"Bearer {api_key}"}
    async with httpx.AsyncClient(base_url=base_url, headers=headers, timeout=30) as client:
        for request in requests:
            started = time.perf_counter()
            answer = await post(client, request.path, request.source, request.body)
            result.seconds.append(time.perf_counter() - started)
            _count(result, answer)
            progress(result)
    return result


async def post(client: httpx.AsyncClient, path: str, source: str, body: Any) -> dict[str, Any]:
    """A 503 is sent again, as senders do."""
    for attempt in range(ATTEMPTS):
        response = await client.post(f"{path}?profile=bare", headers={"x-source": source}, content=json.dumps(body))
        if response.status_code != 503:
            response.raise_for_status()
            return dict(response.json())
        await asyncio.sleep(0.2 * 2**attempt)
    raise httpx.HTTPStatusError(response.text, request=response.request, response=response)


def _count(result: Result, answer: dict[str, Any]) -> None:
    result.requests += 1
    outcomes = answer.get("alerts", [])
    result.dead_letters += answer.get("dead_letter_id") is not None
    result.alerts += len(outcomes)
    result.duplicates += sum(outcome["deduplicated"] for outcome in outcomes)
    result.incidents.update(outcome["incident_id"] for outcome in outcomes if outcome["incident_id"])
