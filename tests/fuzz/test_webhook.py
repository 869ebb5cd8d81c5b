"""Whatever a known sender posts is answered 200 or 202, and is an alert or a dead letter afterwards."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tenant_plane.ingest.adapters import ADAPTERS
from tests.support.origin import Served

FIXTURES = [
    json.loads(path.read_text()) for path in sorted((Path(__file__).parents[1] / "adapters/fixtures").glob("*.json"))
]
SOURCES = [*ADAPTERS, "datadog", "A name nobody knows"]
PATHS = ["/api/webhook", "/webhook", "/api/alerts/webhook"]
pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisDeprecationWarning")
"""The server in the next thread may use `random` while a value is drawn here."""
BOUNDED = settings(
    max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
TEXT = st.text(max_size=30) | st.sampled_from(
    ["\x00", "\ud800", "critical", "resolved", "1e999", "2026-01-01", "'\"--"]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=2**62, max_value=2**70)
    | st.floats()
    | TEXT
    | st.sampled_from(["0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "not a date", "http://x", "javascript:x"])
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=12
)


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """A body of a real sender with one value, somewhere in it, replaced."""
    return _replaced(draw, draw(st.sampled_from(FIXTURES)))


def _replaced(draw: st.DrawFn, value: Any) -> Any:
    if isinstance(value, dict) and value and draw(st.integers(0, 9)):
        key = draw(st.sampled_from(sorted(value)))
        return {**value, key: _replaced(draw, value[key])}
    if isinstance(value, list) and value and draw(st.integers(0, 9)):
        return [_replaced(draw, value[0]), *value[1:]]
    return draw(VALUES)


@pytest.fixture(scope="module")
def sender(origin: Served) -> Iterator[httpx.Client]:
    with origin.client(origin.demo.api_key("acme")) as client:
        yield client


def kept(sender: httpx.Client, path: str, source: str, body: bytes) -> None:
    """Send; whatever the answer says was kept is there when asked for."""
    headers = {"x-source": source, "content-type": "application/json"}
    answer = sender.post(f"{path}?profile=bare", headers=headers, content=body)
    assert answer.status_code in (200, 202), answer.text
    told = answer.json()
    alerts, letter = [alert["alert_id"] for alert in told["alerts"]], told["dead_letter_id"]
    assert (bool(alerts), letter is not None) == (answer.status_code == 200, answer.status_code == 202)
    for alert_id in alerts[:3]:
        assert sender.get(f"/api/alerts/{alert_id}").status_code == 200
        assert sender.get(f"/api/alerts/{alert_id}/events").status_code == 200
    newest = sender.get("/api/webhook/dead-letter?limit=1").json()["data"]["items"]
    assert letter is None or newest[0]["id"] == letter


@pytest.mark.parametrize("source", SOURCES)
@given(body=st.binary(max_size=200))
@example(body=b"")
@example(body=b"\xff\xfe{\x00}\x00")
@example(body=b"[" * 5000)
@example(body=b'{"a":' * 5000)
@example(body=b"[1e999, NaN, -Infinity]")
@example(body=b'{"title": "\\u0000\\ud800", "severity": "\\ud800"}')
@BOUNDED
def test_any_bytes(sender: httpx.Client, source: str, body: bytes) -> None:
    kept(sender, "/api/webhook", source, body)


@pytest.mark.parametrize("source", SOURCES)
@given(value=VALUES)
@example(value={})
@example(value=[])
@example(value={"alerts": []})
@example(value={"alerts": [{}], "status": "firing", "version": "4"})
@example(value={"title": "x" * 100_000, "labels": {"k" * 10_000: "v" * 10_000}})
@BOUNDED
def test_any_json(sender: httpx.Client, source: str, value: Any) -> None:
    kept(sender, "/api/webhook", source, json.dumps(value).encode())


@pytest.mark.parametrize(
    ("path", "source"), [("/api/webhook", source) for source in SOURCES] + [(path, "webhook") for path in PATHS[1:]]
)
@given(value=mutated())
@BOUNDED
def test_almost_what_senders_send(sender: httpx.Client, path: str, source: str, value: Any) -> None:
    kept(sender, path, source, json.dumps(value).encode())


@given(source=st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=300))
@BOUNDED
def test_any_name_of_a_source(sender: httpx.Client, source: str) -> None:
    headers = {b"x-source": source.strip().encode("latin-1"), b"content-type": b"application/json"}
    answer = sender.post("/api/webhook?profile=bare", headers=headers, content=b'{"title": "Disk full"}')
    assert answer.status_code == 200, answer.text
