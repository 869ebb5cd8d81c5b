"""Refused calls are noted, bounded, and never in the way of the answer."""

from dataclasses import dataclass, field

import pytest

from shared.errors import Forbidden, Unavailable
from shared.tx import ANONYMOUS, Actor, Event, Tenant
from shared.web import refusals
from shared.web.refusals import CallRefused, Refusals

ERROR = Forbidden("This needs more.")


@dataclass
class Log:
    now: float = 0.0
    noted: list[tuple[str, Event]] = field(default_factory=list)
    away: bool = False

    async def note(self, actor: Actor, event: Event) -> None:
        if self.away:
            raise Unavailable("away")
        self.noted.append((actor.id, event))

    def refusals(self) -> Refusals:
        return Refusals(self.note, clock=lambda: self.now)


def actor(name: str, tenant: str | None = "acme") -> Actor:
    home = None if tenant is None else Tenant(tenant, f"t_{tenant}")
    return Actor(id=name, kind="user", name=name, role="viewer", permissions=frozenset(), tenant=home)


async def test_once_a_minute_for_each_caller_and_operation() -> None:
    log = Log()
    kept = log.refusals()
    for _ in range(100):
        for caller in (actor("ana"), actor("ben"), actor("ana", "globex"), actor("ana", None)):
            await kept.keep(caller, "resolve", ERROR)
        await kept.keep(actor("ana"), "open", ERROR)
        log.now += 0.5
    assert len(log.noted) == 5
    log.now = 60.5
    await kept.keep(actor("ana"), "resolve", ERROR)
    assert len(log.noted) == 6


async def test_what_is_told() -> None:
    log = Log()
    await log.refusals().keep(actor("ana"), "resolve", ERROR)
    event = CallRefused(operation="resolve", code="FORBIDDEN", reason="This needs more.", tenant_id="acme")
    assert log.noted == [("ana", event)]
    assert (event.target, event.audited_tenant, event.refused, event.audited) == (
        "operation:resolve",
        "acme",
        True,
        True,
    )


async def test_strangers_leave_nothing() -> None:
    log = Log()
    await log.refusals().keep(ANONYMOUS, "resolve", ERROR)
    assert log.noted == []


async def test_a_log_that_is_away_is_not_in_the_way() -> None:
    log = Log(away=True)
    await log.refusals().keep(actor("ana"), "resolve", ERROR)
    assert log.noted == []


async def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "MOST_REMEMBERED", 10)
    log = Log()
    kept = log.refusals()
    for number in range(30):
        log.now += 10
        await kept.keep(actor(f"user-{number}"), "resolve", ERROR)
    assert len(kept._noted) <= 10
    assert len(log.noted) == 30
