"""GraphQL and REST are two doors to the same verbs: the same answers, the same refusals."""

from typing import Any

import httpx
import pytest

from shared.tx import Tenant
from tests.support.tenant_plane import (
    Plane,
    asked,
    data,
    fired,
    graph_errors,
    incident_of,
    opened,
    refused,
    timeline_of,
)

ALERT = (
    "id fingerprint source name description severity status service environment labels annotations occurrences"
    " firstSeenAt lastSeenAt startsAt endsAt url incidentId incidentReference linkRule linkReason warnings"
)
LINKED = f"{ALERT} rule reason confidence linkedAt"
ENTRY = "id incidentId eventType actor actorKind payload occurredAt createdAt"
INCIDENT = (
    "id reference title description severity priority status source service environment assignee ciIds alertCount"
    " firingCount resolutionNotes resolvedBy snoozedUntil createdAt updatedAt acknowledgedAt resolvedAt closedAt"
    " version nextStatuses"
)
UPPER = {"severity", "status", "next_statuses"}


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def as_graph(row: dict[str, Any]) -> dict[str, Any]:
    """What REST says, in the words of GraphQL: other names, enums in capitals, and nothing else."""
    plain = {camel(name): value for name, value in row.items()}
    loud = {
        camel(name): row[name].upper() if isinstance(row[name], str) else [word.upper() for word in row[name]]
        for name in UPPER & set(row)
    }
    return plain | loud


async def story(admin: httpx.AsyncClient) -> None:
    await fired(admin, labels={"team": "pay"}, annotations={"summary": "Hot"}, url="https://grafana.example/d/1")
    await fired(admin, title="High memory", severity="low")
    await fired(admin, title="Gone", service="search", status="resolved")
    await admin.post("/api/incidents/INC-1/acknowledge", json={})
    await admin.post("/api/incidents/INC-1/notes", json={"text": "Looking"})
    await opened(admin, description="Nobody can pay", ci_ids=["ci-1"])
    await admin.post("/api/incidents/INC-2/snooze", json={"duration": "1h"})
    await opened(admin, service="mail")
    await admin.post("/api/incidents/INC-3/resolve", json={"resolution": "restarted"})


async def test_both_doors_show_the_same_incidents(admin: httpx.AsyncClient) -> None:
    await story(admin)
    for sort in ("ATTENTION", "NEWEST", "UPDATED"):
        rest = data(await admin.get(f"/api/incidents?sort={sort.lower()}&limit=2"))
        graph = (
            await asked(
                admin,
                "query($sort: IncidentSort!) { incidents(first: 2, sort: $sort) { totalCount"
                f" pageInfo {{ hasNextPage endCursor }} edges {{ cursor node {{ {INCIDENT} }} }} }} }}",
                sort=sort,
            )
        )["incidents"]
        assert [edge["node"] for edge in graph["edges"]] == [as_graph(item) for item in rest["items"]]
        assert graph["totalCount"] == rest["total"] == 3
        assert graph["pageInfo"] == {"hasNextPage": True, "endCursor": rest["next_cursor"]}
        assert graph["edges"][-1]["cursor"] == rest["next_cursor"]


async def test_both_doors_show_the_same_incident_with_its_edges(admin: httpx.AsyncClient) -> None:
    await story(admin)
    query = (
        f"query($ref: String!) {{ incident(ref: $ref) {{ {INCIDENT} alerts {{ {LINKED} }} timeline {{ {ENTRY} }} }} }}"
    )
    for reference in ("INC-1", "INC-2", "INC-3"):
        graph = (await asked(admin, query, ref=reference))["incident"]
        alerts, timeline = graph.pop("alerts"), graph.pop("timeline")
        assert graph == as_graph(await incident_of(admin, reference))
        rest = data(await admin.get(f"/api/incidents/{reference}/alerts"))["items"]
        assert alerts == [as_graph(alert) for alert in rest]
        assert timeline == [as_graph(entry) for entry in await timeline_of(admin, reference)]


async def test_both_doors_show_the_same_alerts(admin: httpx.AsyncClient) -> None:
    await story(admin)
    rest = data(await admin.get("/api/alerts?limit=2"))
    graph = (await asked(admin, f"{{ alerts(first: 2) {{ totalCount edges {{ cursor node {{ {ALERT} }} }} }} }}"))[
        "alerts"
    ]
    assert [edge["node"] for edge in graph["edges"]] == [as_graph(item) for item in rest["items"]]
    assert (graph["totalCount"], graph["edges"][-1]["cursor"]) == (3, rest["next_cursor"])
    one = data(await admin.get(f"/api/alerts/{rest['items'][0]['id']}"))
    query = f"query($id: UUID!) {{ alert(id: $id) {{ {ALERT} }} }}"
    assert (await asked(admin, query, id=one["id"]))["alert"] == as_graph(one)


@pytest.mark.parametrize(
    ("graph", "rest"),
    [
        ("incidents(state: OPEN)", "/api/incidents?state=open"),
        ("incidents(state: RESOLVED)", "/api/incidents?state=resolved"),
        ("incidents(status: [ACKNOWLEDGED, RESOLVED])", "/api/incidents?status=acknowledged,resolved"),
        ("incidents(severity: [CRITICAL])", "/api/incidents?severity=P1"),
        ('incidents(service: "payments-api")', "/api/incidents?service=payments-api"),
        ('incidents(q: "nobody pay")', "/api/incidents?q=nobody pay"),
        ('incidents(q: "%")', "/api/incidents?q=%25"),
        ("alerts(status: FIRING)", "/api/alerts?status=firing"),
        ("alerts(severity: [LOW, INFO])", "/api/alerts?severity=low,info"),
        ('alerts(service: "search")', "/api/alerts?service=search"),
        ('alerts(q: "memory")', "/api/alerts?q=memory"),
    ],
)
async def test_both_doors_filter_alike(admin: httpx.AsyncClient, graph: str, rest: str) -> None:
    await story(admin)
    found = await asked(admin, f"{{ found: {graph} {{ totalCount edges {{ node {{ id }} }} }} }}")
    page = data(await admin.get(rest))
    assert [edge["node"]["id"] for edge in found["found"]["edges"]] == [item["id"] for item in page["items"]]
    assert found["found"]["totalCount"] == page["total"]
    assert 0 <= page["total"] < 3


async def test_every_edge_has_a_cursor_that_goes_on_behind_it(admin: httpx.AsyncClient) -> None:
    await story(admin)
    for name in ("incidents", "alerts"):
        query = f"query($after: String) {{ {name}(after: $after) {{ edges {{ cursor node {{ id }} }} }} }}"
        edges = (await asked(admin, query))[name]["edges"]
        ids = [edge["node"]["id"] for edge in edges]
        assert len(ids) == 3
        for place, edge in enumerate(edges, start=1):
            rest = (await asked(admin, query, after=edge["cursor"]))[name]["edges"]
            assert [edge["node"]["id"] for edge in rest] == ids[place:]


async def test_an_empty_list(admin: httpx.AsyncClient) -> None:
    query = "{ incidents { totalCount edges { node { id } } pageInfo { hasNextPage endCursor } } }"
    assert (await asked(admin, query))["incidents"] == {
        "totalCount": 0,
        "edges": [],
        "pageInfo": {"hasNextPage": False, "endCursor": None},
    }


async def test_the_first_of_many_edges_in_order(admin: httpx.AsyncClient) -> None:
    for number in range(4):
        await fired(admin, title=f"Alert {number}")
    found = await asked(
        admin, '{ incident(ref: "INC-1") { alerts(first: 2) { name } timeline(first: 1) { eventType } } }'
    )
    assert found["incident"] == {
        "alerts": [{"name": "Alert 0"}, {"name": "Alert 1"}],
        "timeline": [{"eventType": "incident_created"}],
    }


async def test_mutations_do_what_the_verbs_do(tenant: Tenant, admin: httpx.AsyncClient) -> None:
    create = "mutation($input: CreateIncidentInput!) { incident: createIncident(input: $input) { " + INCIDENT + " } }"
    made = (await asked(admin, create, input={"title": "Down", "severity": "HIGH", "ciIds": ["a", "a"]}))["incident"]
    assert made == as_graph(await incident_of(admin, "INC-1"))
    assert (made["ciIds"], made["source"], made["status"]) == (["a"], "manual", "TRIGGERED")
    update = (
        "mutation($input: UpdateIncidentInput!) {"
        ' incident: updateIncident(ref: "INC-1", input: $input, ifMatch: 1) { service assignee version } }'
    )
    changed = await asked(admin, update, input={"service": "pay", "assignee": None, "severity": "LOW"})
    assert changed["incident"] == {"service": "pay", "assignee": None, "version": 2}
    verbs = {
        'snoozeIncident(ref: "INC-1", duration: "1h")': ("TRIGGERED", 3),
        'acknowledgeIncident(ref: "INC-1")': ("ACKNOWLEDGED", 4),
        'resolveIncident(ref: "INC-1", resolution: "restarted")': ("RESOLVED", 5),
    }
    for verb, (status, version) in verbs.items():
        answer = await asked(admin, f"mutation {{ incident: {verb} {{ status version }} }}")
        assert answer["incident"] == {"status": status, "version": version}
    note = await asked(admin, f'mutation {{ note: addIncidentNote(ref: "INC-1", text: "Done") {{ {ENTRY} }} }}')
    assert note["note"] == as_graph((await timeline_of(admin, "INC-1"))[-1])
    incident = await incident_of(admin, "INC-1")
    assert (incident["severity"], incident["resolution_notes"], incident["resolved_by"]) == (
        "low",
        "restarted",
        f"admin@{tenant.id}.example",
    )


async def test_one_field_that_fails_leaves_the_others_in_peace(admin: httpx.AsyncClient) -> None:
    await opened(admin)
    query = "{ incidents { totalCount } bad: incidents(first: 0) { totalCount } }"
    answer = (await admin.post("/graphql", json={"query": query})).json()
    assert [error["path"] for error in answer["errors"]] == [["bad"]]


async def test_an_unexpected_error_is_masked(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    await opened(admin)
    await plane.rows(tenant, "alter table incidents rename column description to told")
    response = await admin.post("/graphql", json={"query": '{ incident(ref: "INC-1") { id } }'})
    (error,) = response.json()["errors"]
    assert error["message"] == "internal error"
    assert error["extensions"] == {"trace_id": response.headers["x-trace-id"], "code": "ERROR", "status": 500}
    assert "description" not in response.text
    rest = await admin.get("/api/incidents/INC-1")
    assert refused(rest, 500, "ERROR")["detail"] == "internal error"
    assert "description" not in rest.text


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b"{", 400),
        ("application/json", b"[]", 400),
        ("application/json", b'{"query": 5}', 400),
        ("application/json", b"{}", 400),
        ("text/plain", b"{ __typename }", 400),
        ("application/x-www-form-urlencoded", b"query={__typename}", 400),
    ],
)
async def test_a_request_that_is_none(admin: httpx.AsyncClient, kind: str, body: bytes, status: int) -> None:
    response = await admin.post("/graphql", content=body, headers={"content-type": kind})
    refused(response, status, "BAD_REQUEST")


async def test_a_body_that_is_too_large(admin: httpx.AsyncClient) -> None:
    body = b'{"query": "{ __typename }", "x": "' + b"x" * 1024 * 1024 + b'"}'
    response = await admin.post("/graphql", content=body, headers={"content-type": "application/json"})
    refused(response, 413, "PAYLOAD_TOO_LARGE")


async def test_a_get_reads_and_never_changes(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    await opened(admin)
    read = await admin.get("/graphql", params={"query": "{ incidents { totalCount } }"})
    assert read.json() == {"data": {"incidents": {"totalCount": 1}}}
    async with plane.unchanged(tenant):
        response = await admin.get("/graphql", params={"query": 'mutation { resolveIncident(ref: "INC-1") { id } }'})
        refused(response, 400, "BAD_REQUEST")
    page = await admin.get("/graphql", headers={"accept": "text/html"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    "query",
    [
        "{ nothing }",
        "{",
        "",
        "{ incident { id } }",
        "{ incidentss { totalCount } }",
    ],
)
async def test_a_document_that_is_none(admin: httpx.AsyncClient, query: str) -> None:
    response = await admin.post("/graphql", json={"query": query})
    assert response.status_code in {200, 400}
    assert "Did you mean" not in response.text
    assert response.json().get("data") is None


async def test_times_that_are_none(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    await opened(admin)
    async with plane.unchanged(tenant):
        for until in ("tomorrow", "2020-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"):
            (error,) = await graph_errors(
                admin, 'mutation($t: DateTime) { snoozeIncident(ref: "INC-1", until: $t) { id } }', t=until
            )
            assert error["extensions"]["code"] in {"BAD_REQUEST", "VALIDATION_ERROR"}
