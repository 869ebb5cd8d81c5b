"""Who may read the metrics: this machine, and whoever has the installation's token."""

import httpx
import pytest
from starlette.applications import Starlette

from shared.web.errors import HANDLERS
from shared.web.health import health_routes

TOKEN = "a token for prometheus"
STRANGER = ("192.0.2.7", 40000)


async def read(client_address: tuple[str, int], path: str = "/metrics", **headers: str) -> httpx.Response:
    app = Starlette(routes=health_routes({}), exception_handlers=HANDLERS)
    transport = httpx.ASGITransport(app=app, client=client_address)
    async with httpx.AsyncClient(transport=transport, base_url="http://plane", headers=headers) as client:
        return await client.get(path)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_this_machine_needs_no_token(address: str) -> None:
    answer = await read((address, 40000))
    assert answer.status_code == 200 and "python_info" in answer.text


async def test_prometheus_brings_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPSPLANE_METRICS_TOKEN", TOKEN)
    answer = await read(STRANGER, authorization=f"Bearer {TOKEN}")
    assert answer.status_code == 200 and "python_info" in answer.text


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer another token for it", f"Basic {TOKEN}", f"bearer {TOKEN}x"])
async def test_nobody_else_reads_them(monkeypatch: pytest.MonkeyPatch, header: str) -> None:
    monkeypatch.setenv("OPSPLANE_METRICS_TOKEN", TOKEN)
    answer = await read(STRANGER, authorization=header)
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")
    assert "python_info" not in answer.text


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer None"])
async def test_without_a_token_only_this_machine(header: str) -> None:
    answer = await read(STRANGER, authorization=header)
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")


async def test_health_stays_public() -> None:
    assert (await read(STRANGER, "/healthz")).status_code == 200
