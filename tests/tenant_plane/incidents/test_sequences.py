"""Whatever senders and people do, in whatever order, alerts and incidents tell the same story."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.tx import Tenant
from tests.support.tenant_plane import Plane

CONTRADICTIONS = """
select i.reference, i.what from (
    select number as reference, 'firing_count' as what from incidents i where firing_count <>
        (select count(*) from alerts a where a.incident_id = i.id and a.status = 'firing')
    union all
    select number, 'alert_count' from incidents i where alert_count <>
        (select count(*) from incident_alerts l where l.incident_id = i.id)
    union all
    select number, 'ended but firing' from incidents where status in ('resolved', 'closed') and firing_count > 0
    union all
    select number, 'ended without a time' from incidents
        where (status in ('resolved', 'closed')) <> (resolved_at is not null)
    union all
    select number, 'last step' from incidents i where status <> coalesce((
        select payload ->> 'to' from incident_timeline t
        where t.incident_id = i.id and event_type = 'status_changed' order by created_at desc, id desc limit 1
    ), 'triggered')
    union all
    select null, 'firing without an incident' from alerts where status = 'firing' and incident_id is null
    union all
    select null, 'firing and ended' from alerts where (status = 'firing') <> (ends_at is null)
    union all
    select null, 'occurrences' from alerts a where occurrences < 1 or occurrences >
        (select count(*) from alert_events e where e.alert_id = a.id)
) as i
"""
NOT_REOPENED_AND_QUIET = """
select number from incidents where alert_count > 0 and firing_count = 0 and status not in ('resolved', 'closed')
"""
ILLEGAL_STEPS = """
select payload from incident_timeline where event_type = 'status_changed'
    and (payload ->> 'from', payload ->> 'to') not in (values ('triggered', 'open'), ('open', 'acknowledged'),
    ('acknowledged', 'investigating'), ('investigating', 'resolved'), ('resolved', 'closed'), ('resolved', 'reopened'),
    ('reopened', 'investigating'))
"""
ALERTS = ["a", "b", "c"]
EVENT = st.tuples(st.sampled_from(["trigger", "acknowledge", "resolve"]), st.sampled_from(ALERTS))
BODY = st.lists(EVENT, min_size=1, max_size=6)
PERSON = st.sampled_from(
    [
        ("POST", "acknowledge", {}),
        ("POST", "resolve", {}),
        ("POST", "snooze", {"duration": "5m"}),
        ("PATCH", "", {"status": "reopened"}),
        ("PATCH", "", {"status": "closed"}),
        ("PATCH", "", {"status": "investigating"}),
        ("PATCH", "", {"severity": "low"}),
    ]
)
NUMBERED = st.integers(1, 3)
MINUTES = st.integers(0, 12)


@pytest_asyncio.fixture(scope="module")
async def shared_tenant(plane: Plane) -> AsyncIterator[Tenant]:
    yield await plane.new_tenant()
    plane.clock.ahead = timedelta()


async def send(client: httpx.AsyncClient, number: int, body: list[Any]) -> None:
    items = [
        {"action": action, "fingerprint": f"{number}-{alert}", "title": alert, "service": f"service-{number}"}
        for action, alert in body
    ]
    response = await client.post("/api/webhook", content=json.dumps(items))
    assert response.status_code == 200, response.text


@given(bodies=st.lists(st.tuples(BODY, MINUTES), min_size=1, max_size=5), number=st.integers(1, 10**9))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_sequence_of_events_leaves_a_consistent_story(
    plane: Plane, shared_tenant: Tenant, bodies: list[tuple[list[Any], int]], number: int
) -> None:
    async with plane.client(shared_tenant) as client:
        for body, minutes in bodies:
            await send(client, number, body)
            plane.clock.forward(minutes=minutes)
    for question in (CONTRADICTIONS, NOT_REOPENED_AND_QUIET, ILLEGAL_STEPS):
        assert [dict(row) for row in await plane.rows(shared_tenant, question)] == []


@given(
    steps=st.lists(st.tuples(BODY, MINUTES, NUMBERED, PERSON), min_size=1, max_size=6),
    number=st.integers(1, 10**9),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_so_does_any_sequence_that_people_take_part_in(
    plane: Plane, steps: list[tuple[list[Any], int, int, tuple[str, str, Any]]], number: int
) -> None:
    tenant = await plane.new_tenant()
    async with plane.client(tenant) as client:
        for body, minutes, incident, (method, verb, command) in steps:
            await send(client, number, body)
            path = f"/api/incidents/INC-{incident}/{verb}".rstrip("/")
            response = await client.request(method, path, json=command)
            assert response.status_code in {200, 400, 404, 409}, response.text
            plane.clock.forward(minutes=minutes)
    plane.clock.ahead = timedelta()
    for question in (CONTRADICTIONS, ILLEGAL_STEPS):
        assert [dict(row) for row in await plane.rows(tenant, question)] == []
