"""What can't be read is kept: accepted with 202, shown to operators, read again on demand."""

import json
from typing import Any

import httpx
import pytest

from shared.tx import Tenant
from tests.support.tenant_plane import Plane, data, generic_alert, refused

UNREADABLE: dict[str, tuple[str, bytes]] = {
    "nothing": ("webhook", b""),
    "not JSON": ("webhook", b"title=High+CPU"),
    "half of it": ("webhook", b'{"title": "High'),
    "not a number": ("webhook", b'{"title": NaN}'),
    "infinity": ("webhook", b'{"title": Infinity}'),
    "an empty list": ("webhook", b"[]"),
    "an empty object": ("webhook", b"{}"),
    "a list of no objects": ("webhook", b'["a", 1, null]'),
    "a text": ("webhook", b'"High CPU"'),
    "a number": ("webhook", b"5"),
    "null": ("webhook", b"null"),
    "a NUL byte": ("webhook", b"\x00\x00"),
    "not UTF-8": ("webhook", b'{"title": "\xff\xfe"}'),
    "half a surrogate pair": ("webhook", b'["\\ud800"]'),
    "too deep": ("webhook", b"[" * 300 + b"]" * 300),
    "much too deep": ("webhook", b"[" * 100_000),
    "an endless number": ("webhook", b"[1e400]"),
    "a very long number": ("webhook", b"[" + b"9" * 5000 + b"]"),
    "alertmanager without alerts": ("alertmanager", b'{"version": "4"}'),
    "alertmanager with no alert": ("alertmanager", b'{"alerts": []}'),
    "grafana without a rule": ("grafana", b'{"title": "x"}'),
    "pagerduty without an event": ("pagerduty", b'{"a": 1}'),
    "pagerduty, a list": ("pagerduty", b"[]"),
    "pagerduty, a change event": ("pagerduty", b'{"payload": {"summary": "deploy"}}'),
    "prometheus, a text": ("prometheus", b'"x"'),
}


@pytest.mark.parametrize(("source", "raw"), UNREADABLE.values(), ids=UNREADABLE)
async def test_what_cannot_be_read_is_accepted_and_kept(
    tenant: Tenant, admin: httpx.AsyncClient, source: str, raw: bytes
) -> None:
    response = await admin.post("/api/webhook", content=raw, headers={"x-source": source})
    answer = data(response, 202)
    assert (answer["ok"], answer["alerts"], answer["incident_id"]) == (False, [], None)
    assert answer["error"]
    for profile in ("atlas", "k8s", "bare"):
        assert (await admin.get(f"/api/webhook/dead-letter?profile={profile}")).status_code == 200
    listed = data(await admin.get("/api/webhook/dead-letter"))
    letter = listed["items"][0]
    assert (listed["total"], letter["id"], letter["error"]) == (1, answer["dead_letter_id"], answer["error"])
    assert (letter["source"], letter["sender"], letter["replayed_at"]) == (
        source,
        f"admin@{tenant.id}.example",
        None,
    )
    assert data(await admin.get("/api/alerts"))["total"] == 0


STILL_UNREADABLE = {name: case for name, case in UNREADABLE.items() if name != "not UTF-8"}


@pytest.mark.parametrize(("source", "raw"), STILL_UNREADABLE.values(), ids=STILL_UNREADABLE)
async def test_replaying_what_is_still_unreadable_changes_nothing(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, source: str, raw: bytes
) -> None:
    kept = data(await admin.post("/api/webhook", content=raw, headers={"x-source": source}), 202)
    async with plane.unchanged(tenant):
        response = await admin.post(f"/api/webhook/dead-letter/{kept['dead_letter_id']}/replay")
    assert refused(response, 422, "VALIDATION_ERROR")["error"].startswith("It still can't be read: ")


@pytest.mark.parametrize(
    ("raw", "payload"),
    [
        (b"title=High+CPU", "title=High+CPU"),
        (b'["a", 1, null]', ["a", 1, None]),
        (b'{"title": NaN}', '{"title": NaN}'),
        (b"[1e400]", "[1e400]"),
        (b'["\\ud800"]', '["\\ud800"]'),
        (b"\x00a", "\ufffda"),
        (b"\xff", "\ufffd"),
    ],
)
async def test_a_payload_is_shown_as_json_where_it_can_be(admin: httpx.AsyncClient, raw: bytes, payload: Any) -> None:
    await admin.post("/api/webhook", content=raw)
    letter = data(await admin.get("/api/webhook/dead-letter"))["items"][0]
    assert letter["payload"] == payload


async def test_a_body_in_another_charset_can_be_read_with_marks_where_it_was_not_text(admin: httpx.AsyncClient) -> None:
    kept = data(await admin.post("/api/webhook", content='{"title": "Überlast"}'.encode("latin-1")), 202)
    answer = data(await admin.post(f"/api/webhook/dead-letter/{kept['dead_letter_id']}/replay"))
    assert data(await admin.get(f"/api/alerts/{answer['alerts'][0]['alert_id']}"))["name"] == "\ufffdberlast"


async def test_the_bare_doors_say_so_too(admin: httpx.AsyncClient) -> None:
    root = await admin.post("/webhook", content=b"[]")
    assert (root.status_code, root.json()["ok"]) == (202, False)
    alertmanager = await admin.post("/api/alerts/webhook", content=b"{}")
    assert (alertmanager.status_code, alertmanager.json()["status"]) == (202, "kept")
    listed = data(await admin.get("/api/webhook/dead-letter"))["items"]
    assert [(letter["id"], letter["source"]) for letter in listed] == [
        (alertmanager.json()["dead_letter_id"], "alertmanager"),
        (root.json()["dead_letter_id"], "webhook"),
    ]


async def test_a_mended_letter_becomes_an_incident_once(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    kept = data(await admin.post("/api/webhook", content=b"[]"), 202)
    await plane.rows(tenant, "update dead_letters set payload = $1", json.dumps(generic_alert()))
    path = f"/api/webhook/dead-letter/{kept['dead_letter_id']}/replay"
    answer = data(await admin.post(path))
    assert (answer["ok"], answer["incident_reference"]) == (True, "INC-00000001")
    assert data(await admin.get("/api/webhook/dead-letter"))["items"][0]["replayed_at"] is not None
    async with plane.unchanged(tenant):
        refused(await admin.post(path), 409, "CONFLICT")


async def test_a_letter_that_never_was(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    async with plane.unchanged(tenant):
        response = await admin.post("/api/webhook/dead-letter/01a212e8-8323-71c8-bcda-f95b377e5059/replay")
        refused(response, 404, "NOT_FOUND")
        refused(await admin.post("/api/webhook/dead-letter/nonsense/replay"), 422, "VALIDATION_ERROR")


async def test_letters_are_paged_newest_first(admin: httpx.AsyncClient) -> None:
    kept = [data(await admin.post("/api/webhook", content=b"[]"), 202)["dead_letter_id"] for _ in range(5)]
    first = data(await admin.get("/api/webhook/dead-letter?limit=2"))
    await admin.post("/api/webhook", content=b"[]")
    second = data(await admin.get(f"/api/webhook/dead-letter?limit=2&cursor={first['next_cursor']}"))
    third = data(await admin.get(f"/api/webhook/dead-letter?limit=2&cursor={second['next_cursor']}"))
    seen = [letter["id"] for page in (first, second, third) for letter in page["items"]]
    assert seen == kept[::-1]
    assert (first["total"], third["total"], third["next_cursor"]) == (5, 6, None)


@pytest.mark.parametrize("role", ["viewer"])
async def test_a_viewer_sees_no_letters(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, role: str) -> None:
    kept = data(await admin.post("/api/webhook", content=b"[]"), 202)["dead_letter_id"]
    async with plane.client(tenant, role) as client, plane.unchanged(tenant):
        body = refused(await client.get("/api/webhook/dead-letter"), 403, "FORBIDDEN")
        assert "dead_letters:read" in body["detail"]
        body = refused(await client.post(f"/api/webhook/dead-letter/{kept}/replay"), 403, "FORBIDDEN")
        assert "dead_letters:manage" in body["detail"]


async def test_the_sender_of_an_unreadable_body_must_be_known(plane: Plane, tenant: Tenant) -> None:
    async with plane.client() as stranger, plane.unchanged(tenant):
        refused(await stranger.post("/api/webhook", content=b"[]"), 401, "UNAUTHORIZED")


async def test_a_byte_order_mark_is_no_reason_to_refuse(admin: httpx.AsyncClient) -> None:
    """Scripts on Windows write one before their JSON."""
    response = await admin.post("/api/webhook", content=b'\xef\xbb\xbf{"title": "Disk full", "severity": "high"}')
    assert (response.status_code, data(response)["alerts"][0]["change"]) == (200, "fired")
