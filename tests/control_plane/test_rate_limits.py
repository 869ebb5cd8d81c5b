"""The control plane counts requests as the tenant plane does: together with its other processes."""

import httpx

from tests.control_plane.support import ControlPlane, control_plane

BODY = {"email": "nobody@acme.example", "password": "wrong"}
BEGINNING_OF_A_MINUTE = 1_000_000_020.0
LIMITS = {"anonymous": 3, "viewer": 3}


def remaining(answer: httpx.Response) -> str:
    return str(answer.headers["x-ratelimit-remaining"])


async def test_two_processes_count_together(empty_url: str, password_hash: str) -> None:
    places = [control_plane(empty_url, password_hash, requests_per_minute=LIMITS) for _ in range(2)]
    for place in places:
        place.app.state.limiter.clock = lambda: BEGINNING_OF_A_MINUTE
    try:
        answers = [await place.client.post("/api/auth/token", json=BODY) for place in places * 2]
    finally:
        for place in places:
            await place.database.close()
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert [remaining(answer) for answer in answers] == ["2", "1", "0", "0"]
    assert answers[-1].headers["retry-after"] == "61"


async def test_every_answer_has_the_three_headers(control: ControlPlane) -> None:
    answers = [
        await control.client.get("/api/tenants/nothing/here/at/all"),
        await control.client.delete("/api/auth/token"),
        await control.client.get("/api/tenants"),
        await control.client.get("/healthz"),
    ]
    assert [answer.status_code for answer in answers] == [404, 405, 401, 200]
    for answer in answers:
        assert {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"} <= set(answer.headers)
