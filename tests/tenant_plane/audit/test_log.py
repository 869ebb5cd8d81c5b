"""The audit log as it is read: pages, filters, the export, and who may."""

import json
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from shared.audit.chain import check_export
from shared.audit.queries import WORDS
from shared.tx import Tenant
from tenant_plane.audit.schemas import AuditExported
from tests.support.tenant_plane import Plane, asked, data, fields_of, opened, refused


@pytest_asyncio.fixture
async def filled(plane: Plane, tenant: Tenant) -> list[int]:
    """Seven entries, one an hour: by an operator and an admin, one refused."""
    async with plane.client(tenant, "operator") as operator, plane.client(tenant, "viewer") as viewer:
        for number in range(3):
            incident = await opened(operator, title=f"Outage {number}")
            plane.clock.forward(hours=1)
            await operator.patch(f"/api/incidents/{incident['reference']}", json={"service": f"search-{number}"})
            plane.clock.forward(hours=1)
        plane.app.state.edge.refusals.clock = plane.clock.monotonic
        refused(await viewer.post("/api/incidents", json={"title": "x", "severity": "low"}), 403, "FORBIDDEN")
    return [7, 6, 5, 4, 3, 2, 1]


async def seqs(client: httpx.AsyncClient, **query: Any) -> list[int]:
    page = data(await client.get("/api/audit", params=query))
    assert page["total"] == len(page["items"])
    return [item["seq"] for item in page["items"]]


async def test_newest_first_in_pages(admin: httpx.AsyncClient, filled: list[int]) -> None:
    first = data(await admin.get("/api/audit?limit=3"))
    second = data(await admin.get("/api/audit", params={"limit": 3, "cursor": first["next_cursor"]}))
    last = data(await admin.get("/api/audit", params={"limit": 3, "cursor": second["next_cursor"]}))
    assert [item["seq"] for page in (first, second, last) for item in page["items"]] == filled
    assert {page["total"] for page in (first, second, last)} == {7}
    assert last["next_cursor"] is None
    assert [item["seq"] for item in data(await admin.get("/api/audit?limit=2&offset=2"))["items"]] == [5, 4]


async def test_filters(admin: httpx.AsyncClient, tenant: Tenant, filled: list[int]) -> None:
    operator = f"operator@{tenant.id}.example"
    assert await seqs(admin) == filled
    assert await seqs(admin, actor=operator) == [6, 5, 4, 3, 2, 1]
    assert await seqs(admin, actor=f"user-{operator}") == [6, 5, 4, 3, 2, 1]
    assert await seqs(admin, actor="operator") == []
    assert await seqs(admin, action="incident.") == [6, 5, 4, 3, 2, 1]
    assert await seqs(admin, action="incident.opened") == [5, 3, 1]
    assert await seqs(admin, action="cident") == []
    assert await seqs(admin, action="%") == []
    assert await seqs(admin, target="incident:INC-00000002") == [4, 3]
    assert await seqs(admin, result="refused") == [7]
    assert await seqs(admin, result="done") == [6, 5, 4, 3, 2, 1]
    assert await seqs(admin, q="SEARCH 00000003") == [6]
    assert await seqs(admin, q="inc-00000003") == [6, 5]
    assert await seqs(admin, q=operator) == [6, 5, 4, 3, 2, 1]
    assert await seqs(admin, q="outag") == [5, 3, 1]
    assert await seqs(admin, q="utage") == []
    assert await seqs(admin, q="outage search") == []
    assert await seqs(admin, q="' | !:*&") == []
    assert await seqs(admin, actor=operator, action="incident.edited", q="search") == [6, 4, 2]


async def test_words_page_by_page(admin: httpx.AsyncClient, filled: list[int]) -> None:
    """A page that the newest entries fill, and one that they don't, are made in different ways."""
    for word, found in (("operator", [6, 5, 4, 3, 2, 1]), ("outage", [5, 3, 1])):
        for size in (1, 2, 5, 7):
            pages: list[int] = []
            cursor: str | None = ""
            while cursor is not None:
                page = data(await admin.get(f"/api/audit?q={word}&limit={size}" + (cursor and f"&cursor={cursor}")))
                pages += [item["seq"] for item in page["items"]]
                cursor = page["next_cursor"]
            assert pages == found
        assert await seqs_at(admin, f"q={word}&offset=1&limit=2") == found[1:3]


async def seqs_at(client: httpx.AsyncClient, query: str) -> list[int]:
    return [item["seq"] for item in data(await client.get(f"/api/audit?{query}"))["items"]]


async def test_a_time_range(admin: httpx.AsyncClient, filled: list[int]) -> None:
    items = data(await admin.get("/api/audit"))["items"]
    third = datetime.fromisoformat(items[4]["at"])
    assert await seqs(admin, since=(third + timedelta(seconds=1)).isoformat()) == [7, 6, 5, 4]
    assert await seqs(admin, until=third.isoformat()) == [2, 1]
    assert await seqs(admin, since=third.isoformat(), until=(third + timedelta(seconds=1)).isoformat()) == [3]


async def test_a_filtered_total_is_bounded(plane: Plane, tenant: Tenant, admin: httpx.AsyncClient) -> None:
    async with plane.database.write(plane.actor(tenant)) as tx:
        for _ in range(1100):
            tx.record(AuditExported(filter={}))
    assert data(await admin.get("/api/audit?limit=1"))["total"] == 1100
    assert data(await admin.get("/api/audit?limit=1&action=audit."))["total"] == 1001
    exported = (await admin.get("/api/audit/export")).text.splitlines()
    assert check_export(exported).count == 1101


async def test_wrong_questions(admin: httpx.AsyncClient) -> None:
    for query, field in (("result=maybe", "query.result"), ("since=yesterday", "query.since"), ("who=me", "query.who")):
        assert fields_of(refused(await admin.get(f"/api/audit?{query}"), 422, "VALIDATION_ERROR")) == [field]
    refused(await admin.get("/api/audit?cursor=bm9uc2Vuc2U"), 422, "VALIDATION_ERROR")
    assert data(await admin.get("/api/audit?q=" + "%F0%9F%98%80 a" * 20))["items"] == []


@pytest.mark.parametrize("role", ["viewer", "operator", "ingestion"])
async def test_only_administrators_read_it(plane: Plane, tenant: Tenant, role: str) -> None:
    async with plane.client(tenant, role) as client:
        for path in ("/api/audit", "/api/audit/export"):
            refused(await client.get(path), 403, "FORBIDDEN")
        answer = (await client.post("/graphql", json={"query": "{ auditLog { totalCount } }"})).json()
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert await plane.rows(tenant, "select 1 from audit_log") == []


async def test_the_export_is_the_whole_log_with_itself(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient, filled: list[int]
) -> None:
    answer = await admin.get("/api/audit/export")
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    lines = answer.text.splitlines()
    check = check_export(lines)
    told = [json.loads(line) for line in lines]
    assert [entry["seq"] for entry in told[:-1]] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert (told[7]["action"], told[7]["details"]) == ("audit.exported", {"filter": {}, "tenant_id": None})
    (head,) = await plane.rows(tenant, "select hash from audit_log where seq = 8")
    assert told[-1] == {"count": 8, "head": {"seq": 8, "hash": head["hash"].hex()}, "complete": True}
    assert check.head.hash == head["hash"]


async def test_a_filtered_export(admin: httpx.AsyncClient, filled: list[int]) -> None:
    lines = (await admin.get("/api/audit/export?action=incident.edited")).text.splitlines()
    assert check_export(lines).count == 3
    assert [json.loads(line).get("seq") for line in lines] == [2, 4, 6, None]
    (entry,) = data(await admin.get("/api/audit?action=audit."))["items"]
    assert entry["details"]["filter"] == {"action": "incident.edited"}


async def test_both_doors_tell_the_same(admin: httpx.AsyncClient, filled: list[int]) -> None:
    page = data(await admin.get("/api/audit?limit=2&action=incident."))
    query = (
        '{ auditLog(first: 2, action: "incident.") { totalCount pageInfo { endCursor hasNextPage }'
        " edges { cursor node { seq at actorId actorName target details hash } } } }"
    )
    found = (await asked(admin, query))["auditLog"]
    assert [edge["node"] for edge in found["edges"]] == [
        {
            "seq": item["seq"],
            "at": item["at"],
            "actorId": item["actor_id"],
            "actorName": item["actor_name"],
            "target": item["target"],
            "details": item["details"],
            "hash": item["hash"],
        }
        for item in page["items"]
    ]
    assert found["totalCount"] == page["total"]
    assert found["pageInfo"] == {"endCursor": page["next_cursor"], "hasNextPage": True}


async def test_words_are_found_along_their_index(plane: Plane, tenant: Tenant) -> None:
    """An index on another expression than the query's would silently never be used."""
    async with plane.database.read(plane.actor(tenant)) as tx:
        await tx.session.execute(text("set local enable_seqscan = off"))
        plan = await tx.session.execute(
            text(f"explain select seq from audit_log where {WORDS} @@ to_tsquery('simple', 'a:*')")
        )
        assert "audit_log_words" in "\n".join(row[0] for row in plan)
