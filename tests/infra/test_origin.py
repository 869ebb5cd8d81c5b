"""What the origin answers by itself, beside the planes: documents, refusals, the frontend and its health."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from infra.local.installation import Installation
from infra.local.origin import create_origin
from infra.local.web import create_web
from shared.web.ratelimit import DEFAULT_LIMITS, RateLimiter

RATE = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"]
PATHS = [
    ("/openapi.json", 200),
    ("/docs", 200),
    ("/redoc", 200),
    ("/docs/assets/no.js", 404),
    ("/no-such-thing", 404),
    ("/assets/a.js", 200),
    ("/healthz", 200),
]


def of_both_planes(folder: Path) -> Starlette:
    control = Starlette()
    control.state.limiter = RateLimiter(DEFAULT_LIMITS, lambda: 120.0)
    return create_origin(Installation(control, Starlette()), folder, {})


@pytest.fixture
def frontend(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "a.js").write_text("a script")
    return tmp_path


@pytest.mark.parametrize("create", [of_both_planes, create_web])
async def test_every_answer_carries_the_three_headers(create: Any, frontend: Path) -> None:
    transport = httpx.ASGITransport(app=create(frontend))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answers = [await client.get(path) for path, _ in PATHS]
        answers.append(await client.post("/openapi.json"))
    assert [answer.status_code for answer in answers] == [*(status for _, status in PATHS), 405]
    for answer in answers:
        assert [name for name in answer.headers if name.startswith("x-ratelimit")] == RATE, answer.url
        assert (answer.headers[RATE[0]], answer.headers[RATE[1]]) == ("100", "100")
    refusal = answers[4].json()
    assert set(refusal) == {"error", "code", "trace_id", "detail", "status_code"}


async def test_they_say_what_is_left_of_the_installations_own_limit(frontend: Path) -> None:
    control = Starlette()
    control.state.limiter = RateLimiter({**DEFAULT_LIMITS, "anonymous": 7}, lambda: 130.0)
    transport = httpx.ASGITransport(app=create_origin(Installation(control, Starlette()), frontend, {}))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/no-such-thing")
    assert [answer.headers[name] for name in RATE] == ["7", "7", "180"]
