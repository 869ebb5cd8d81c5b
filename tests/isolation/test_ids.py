"""An id of another tenant answers exactly as one that never existed: every operation with an id in its path."""

from typing import Any

import httpx
import pytest

from shared.web.operations import PATH_PARAMETER, Operation
from tenant_plane.app import OPERATIONS, schema
from tests.isolation.support import World, body_of, ids_in, looks

WALKED = [operation for operation in OPERATIONS if ids_in(operation)]
GRAPH_ARGUMENTS = {
    "updateIncident": ', input: {title: "Another title"}',
    "snoozeIncident": ', duration: "1h"',
    "addIncidentNote": ', text: "hello"',
}
"""What else a field with an id needs."""


async def asked(client: httpx.AsyncClient, operation: Operation, path: str) -> httpx.Response:
    return await client.request(operation.method, path, **body_of(operation))


def paths(world: World, operation: Operation) -> list[tuple[str, str, str, str]]:
    """Their path and id, and the path and id of nobody; one parameter for now."""
    (parameter,) = operation.path_adapters
    return [
        (PATH_PARAMETER.sub(theirs, operation.path), theirs, PATH_PARAMETER.sub(nobodys, operation.path), nobodys)
        for theirs, nobodys in world.pairs(parameter)
    ]


@pytest.mark.parametrize("profile", ["", "?profile=k8s", "?profile=bare"])
@pytest.mark.parametrize("operation", WALKED, ids=lambda operation: operation.id)
async def test_a_strangers_id_looks_like_none(world: World, operation: Operation, profile: str) -> None:
    for their_path, theirs, nobodys_path, nobodys in paths(world, operation):
        async with world.plane.client(world.ours.tenant) as client, world.plane.unchanged(world.theirs.tenant):
            strangers = await asked(client, operation, their_path + profile)
            none = await asked(client, operation, nobodys_path + profile)
        assert none.status_code == 404
        assert looks(strangers, theirs) == looks(none, nobodys)


@pytest.mark.parametrize("operation", WALKED, ids=lambda operation: operation.id)
async def test_neither_role_nor_headers_tell_them_apart(world: World, operation: Operation) -> None:
    """Somebody who may do nothing, a version that would fit, a repeated request: the same answer for both ids."""
    for their_path, theirs, nobodys_path, nobodys in paths(world, operation):
        for role in ("viewer", "operator", "admin"):
            headers = {"if-match": '"1"', "idempotency-key": f"walk {role} {operation.id}"}
            async with world.plane.client(world.ours.tenant, role, **headers) as client:
                strangers = await asked(client, operation, their_path)
                none = await asked(client, operation, nobodys_path)
            assert none.status_code in (403, 404)
            assert looks(strangers, theirs) == looks(none, nobodys)


@pytest.mark.parametrize("operation", WALKED, ids=lambda operation: operation.id)
async def test_the_walk_reaches_what_is_there(world: World, operation: Operation) -> None:
    """Their own people get something else than 404 for the same path; else the walk would prove nothing."""
    for their_path, *_ in paths(world, operation):
        async with world.plane.client(world.theirs.tenant, "viewer") as client:
            answer = await asked(client, operation, their_path)
        assert answer.status_code in (200, 403), answer.text


def graph_fields() -> list[tuple[str, str, str]]:
    """Every query and mutation that takes an id: kind, name, argument."""
    types = schema()._schema
    roots: list[tuple[str, Any]] = [("query", types.query_type), ("mutation", types.mutation_type)]
    return [
        (kind, name, argument)
        for kind, root in roots
        for name, field in root.fields.items()
        for argument in field.args
        if argument in ("id", "ref") or argument.endswith(("Id", "Ref"))
    ]


def test_graphql_fields_with_an_id_are_found() -> None:
    assert {("query", "incident", "ref"), ("query", "alert", "id"), ("mutation", "snoozeIncident", "ref")} <= set(
        graph_fields()
    )


@pytest.mark.parametrize(("kind", "name", "argument"), graph_fields())
async def test_graphql_knows_no_strangers_id(world: World, kind: str, name: str, argument: str) -> None:
    parameter = "alert_id" if name == "alert" else "reference"
    for theirs, nobodys in world.pairs(parameter):
        async with world.plane.client(world.ours.tenant) as client, world.plane.unchanged(world.theirs.tenant):
            seen = [
                looks(
                    await client.post(
                        "/graphql",
                        json={
                            "query": f'{kind} {{ {name}({argument}: "{its_id}"{GRAPH_ARGUMENTS.get(name, "")})'
                            " { id } }"
                        },
                    ),
                    its_id,
                )
                for its_id in (theirs, nobodys)
            ]
        assert seen[0] == seen[1]
        assert '"code": "NOT_FOUND"' in seen[0][2] or '"code":"NOT_FOUND"' in seen[0][2]


def test_every_path_parameter_is_thought_about() -> None:
    """A new name in a path needs a line in ``World.pairs``; operations with two ids need more than ``paths`` has."""
    assert {name for operation in WALKED for name in operation.path_adapters} == {
        "reference",
        "alert_id",
        "letter_id",
        "key_id",
    }
    assert all(len(operation.path_adapters) == 1 for operation in WALKED)
