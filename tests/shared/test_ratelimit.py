"""Fixed windows of a minute, or of a second for a key with a rate of its own; one counter per caller."""

import pytest
from starlette.requests import Request

from shared.errors import RateLimited
from shared.tx import ANONYMOUS, Actor, Tenant
from shared.web.ratelimit import RateLimiter

LIMITS = {"anonymous": 1, "viewer": 2, "admin": 3}


class Time:
    def __init__(self) -> None:
        self.now = 1_000_000_020.0  # the beginning of a minute

    def __call__(self) -> float:
        return self.now


def actor(name: str, role: str = "viewer", tenant: str = "acme", rps: int | None = None) -> Actor:
    return Actor(
        id=name,
        kind="user",
        name=name,
        role=role,
        permissions=frozenset(),
        tenant=Tenant(tenant, f"t_{tenant}"),
        requests_per_minute=None if rps is None else 1000,
        requests_per_second=rps,
    )


async def call(limiter: RateLimiter, who: Actor, *, spend: bool = True, host: str = "10.0.0.1") -> dict[str, str]:
    request = Request({"type": "http", "client": (host, 1), "headers": []})
    await limiter.check(request, who, spend=spend)
    headers: dict[str, str] = request.scope["response_headers"]
    return headers


async def test_the_counter_goes_down_and_begins_anew_with_the_minute() -> None:
    time = Time()
    limiter = RateLimiter(LIMITS, time)
    remaining = [(await call(limiter, actor("ana")))["x-ratelimit-remaining"] for _ in range(2)]
    assert remaining == ["1", "0"]
    time.now += 59
    with pytest.raises(RateLimited) as refusal:
        await call(limiter, actor("ana"))
    assert refusal.value.retry_after_seconds == 2
    time.now += 1
    assert await call(limiter, actor("ana")) == {
        "x-ratelimit-limit": "2",
        "x-ratelimit-remaining": "1",
        "x-ratelimit-reset": "1000000140",
    }


async def test_a_rate_by_the_second_holds_in_every_second() -> None:
    """Also in the same second of the next minute."""
    time = Time()
    limiter, key = RateLimiter(LIMITS, time), actor("key", rps=2)
    for second in (0, 1, 60):
        time.now = 1_000_000_020.25 + second
        assert [(await call(limiter, key))["x-ratelimit-remaining"] for _ in range(2)] == ["1", "0"]
        time.now += 0.5
        for _ in range(3):
            with pytest.raises(RateLimited) as refusal:
                await call(limiter, key)
        assert refusal.value.retry_after_seconds == 1
        assert refusal.value.detail == "More than 2 requests in a second; the next is welcome in 1 s."
    time.now += 1
    assert await call(limiter, key) == {
        "x-ratelimit-limit": "2",
        "x-ratelimit-remaining": "1",
        "x-ratelimit-reset": "1000000082",
    }


async def test_callers_count_apart() -> None:
    limiter = RateLimiter(LIMITS, Time())
    callers = [actor("ana"), actor("bo"), actor("ana", tenant="other")]
    assert [(await call(limiter, who))["x-ratelimit-remaining"] for who in callers] == ["1", "1", "1"]


async def test_strangers_are_told_apart_by_address() -> None:
    limiter = RateLimiter(LIMITS, Time())
    assert [
        (await call(limiter, ANONYMOUS, host=host))["x-ratelimit-remaining"] for host in ("10.0.0.1", "10.0.0.2")
    ] == [
        "0",
        "0",
    ]
    with pytest.raises(RateLimited):
        await call(limiter, ANONYMOUS)


async def test_what_costs_nothing_is_never_refused() -> None:
    limiter = RateLimiter(LIMITS, Time())
    for _ in range(10):
        assert (await call(limiter, actor("ana"), spend=False))["x-ratelimit-remaining"] == "2"
    await call(limiter, actor("ana"))
    await call(limiter, actor("ana"))
    assert (await call(limiter, actor("ana"), spend=False))["x-ratelimit-remaining"] == "0"


async def test_a_role_nobody_thought_of_is_held_to_the_lowest() -> None:
    assert (await call(RateLimiter(LIMITS, Time()), actor("ana", "stranger")))["x-ratelimit-limit"] == "2"
