"""How much one document may ask for, and how many statements it costs."""

import httpx
import pytest

from shared.tx import Tenant
from tests.support.tenant_plane import Plane, asked, data, fired, generic_alert, graph_errors

BOMB = 60


def bomb(leaf: str) -> str:
    """Fragments that use each other twice: unfolded, 2 to the power of BOMB."""
    levels = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(BOMB))
    return f"{{ ...F0 }} {levels} fragment F{BOMB} on Query {{ {leaf} }}"


async def refusal(client: httpx.AsyncClient, query: str, **variables: object) -> str:
    (error,) = await graph_errors(client, query, **variables)
    assert (error["extensions"]["code"], error["extensions"]["status"]) == ("QUERY_TOO_EXPENSIVE", 400)
    message: str = error["message"]
    return message


async def test_a_document_of_too_many_tokens(admin: httpx.AsyncClient) -> None:
    await asked(admin, "{ incidents(status: [" + "OPEN " * 1980 + "]) { totalCount } }")
    (error,) = await graph_errors(admin, "{ incidents(status: [" + "OPEN " * 2000 + "]) { totalCount } }")
    assert error["extensions"]["code"] == "BAD_REQUEST"
    assert "2000 tokens" in error["message"]


async def test_a_document_of_too_many_aliases(admin: httpx.AsyncClient) -> None:
    await asked(admin, "{ " + " ".join(f"a{n}: incidents {{ totalCount }}" for n in range(30)) + " }")
    with_one_more = "{ " + " ".join(f"a{n}: incidents {{ totalCount }}" for n in range(31)) + " }"
    assert await refusal(admin, with_one_more) == "The document has 31 aliases; 30 are possible."


EDGES = "{ edges { node { alerts { name } } } }"


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("{ incidents(first: 1000) { edges { node { " + " ".join(f"a{n}: id" for n in range(19)) + " } } } }", {}),
        ("{ incidents(first: 1000) " + EDGES + " }", {}),
        ("query($n: Int!) { incidents(first: $n) " + EDGES + " }", {"n": 1000}),
        ("query($n: Int! = 1000) { incidents(first: $n) " + EDGES + " }", {}),
        ("{ incidents(first: 1000) { ...C } } fragment C on IncidentConnection " + EDGES, {}),
        ("{ ... on Query { incidents(first: 1000) " + EDGES + " } }", {}),
        ("{ incidents(first: 2147483647) { totalCount } }", {}),
        ("{ incidents(first: 500) { edges { node { alerts(first: 100) { name } } } } }", {}),
        ("{ incidents { edges { node { alerts(first: 400) { name } timeline(first: 400) { id } } } } }", {}),
    ],
)
async def test_a_document_that_costs_too_much(
    admin: httpx.AsyncClient, query: str, variables: dict[str, object]
) -> None:
    assert (await refusal(admin, query, **variables)).startswith("The document costs ")


@pytest.mark.parametrize("leaf", ["__typename", "incidents { totalCount }", "__schema { queryType { name } }"])
async def test_a_bomb_of_fragments_does_not_go_off(admin: httpx.AsyncClient, leaf: str) -> None:
    assert (await refusal(admin, bomb(leaf))).startswith("The document costs ")


async def test_the_answer_of_introspection_is_bounded(admin: httpx.AsyncClient) -> None:
    query = "{ __schema { types { " + "fields { type { " * 5 + "name" + " } }" * 5 + " } } }"
    errors = await graph_errors(admin, query)
    assert "introspection depth" in errors[0]["message"].lower()


async def test_what_a_screen_asks_for_is_possible(admin: httpx.AsyncClient) -> None:
    query = (
        "{ incidents(first: 100) { totalCount pageInfo { endCursor } edges { cursor node { id reference title severity"
        " status service createdAt alertCount timeline(first: 3) { eventType } } } } }"
    )
    assert (await asked(admin, query))["incidents"]["totalCount"] == 0


NESTED = "{ incidents { totalCount edges { node { id alerts { name } timeline { eventType } } } } }"
QUERIES = [
    ("{ incidents { edges { node { id title } } } }", 1),
    ("{ incidents { totalCount edges { node { id } } } }", 2),
    ("{ incidents { totalCount edges { node { id alerts { name } } } } }", 3),
    (NESTED, 4),
    ("{ alerts { totalCount edges { node { id labels } } } }", 2),
    ('{ incident(ref: "INC-1") { id alerts { name } timeline { id } } }', 3),
    ("{ overview { notAcknowledged lastOpenedAt quietSince incidents24h openBySeverity { count } } }", 2),
    ("{ overview { firingAlerts alerts24h duplicates24h } }", 2),
    ("{ overview { noisyServices { service } current { incidents } previous { incidents } } }", 3),
]
LISTS = [
    ("/api/incidents", 2),
    ("/api/incidents?sort=updated&q=api&state=open", 2),
    ("/api/alerts", 2),
    ("/api/alerts?label=n:1&status=firing", 2),
    ("/api/incidents/INC-1", 1),
    ("/api/incidents/INC-1/timeline", 3),
    ("/api/incidents/INC-1/alerts", 3),
    ("/api/webhook/dead-letter", 2),
    ("/api/apikeys", 2),
    ("/api/api-keys/me", 2),
    ("/api/webhook/held", 2),
    ("/api/usage", 3),
    ("/api/rbac/permissions", 0),
]


async def rows_in(client: httpx.AsyncClient, number: int) -> None:
    body = [generic_alert(title=f"A{n}", service=f"service-{n}", labels={"n": "1"}) for n in range(number)]
    await client.post("/api/webhook", json=body)


@pytest.mark.parametrize(("query", "expected"), QUERIES)
async def test_a_document_costs_the_same_statements_for_one_row_and_for_fifty(
    plane: Plane, admin: httpx.AsyncClient, query: str, expected: int
) -> None:
    await rows_in(admin, 1)
    with plane.statements() as few:
        await asked(admin, query)
    await rows_in(admin, 50)
    with plane.statements() as many:
        await asked(admin, query)
    assert (few.count, many.count) == (expected, expected), few.seen


@pytest.mark.parametrize(("path", "expected"), LISTS)
async def test_a_list_costs_the_same_statements_for_one_row_and_for_fifty(
    plane: Plane, admin: httpx.AsyncClient, path: str, expected: int
) -> None:
    await rows_in(admin, 1)
    with plane.statements() as few:
        data(await admin.get(path))
    await rows_in(admin, 50)
    with plane.statements() as many:
        data(await admin.get(path))
    assert (few.count, many.count) == (expected, expected), few.seen


async def test_a_body_of_alerts_costs_the_same_statements_for_one_and_for_a_hundred(
    plane: Plane, tenant: Tenant, admin: httpx.AsyncClient
) -> None:
    data(await admin.get("/api/rbac/permissions"))  # so that the tenant is known
    with plane.statements() as few:
        await fired(admin)
    with plane.statements() as many:
        await rows_in(admin, 100)
    assert (few.count, many.count) == (13, 13), few.seen
