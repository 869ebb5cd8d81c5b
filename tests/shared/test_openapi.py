"""The document that is read from the operations: valid, and complete for what a client may send and get."""

from typing import Any

from openapi_spec_validator import validate

from shared.web import openapi
from tenant_plane.app import DESCRIPTION, OPERATIONS, TITLE


def document() -> dict[str, Any]:
    return openapi.document(TITLE, "1", DESCRIPTION, OPERATIONS)


def test_it_is_valid() -> None:
    validate(document())


def test_every_operation_is_in_it_once() -> None:
    told = {
        (method.upper(), path): operation["operationId"]
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    }
    assert told == {(operation.method, operation.path): operation.id for operation in OPERATIONS}
    assert len(set(told.values())) == len(OPERATIONS)


ERROR = {"$ref": "#/components/schemas/ErrorBody"}


def test_every_operation_says_what_it_does_and_how_it_refuses() -> None:
    for methods in document()["paths"].values():
        for operation in methods.values():
            assert operation["summary"].endswith(".")
            assert {"422", "500", "503", "401", "403"} <= set(operation["responses"])
            for status, response in operation["responses"].items():
                assert response["description"]
                refused = status.startswith("2") or response["content"]["application/json"]["schema"]
                # A vendor's mount may refuse in the vendor's words, too.
                assert refused is True or ERROR in refused.get("anyOf", [refused])


def test_what_an_edit_may_be_answered() -> None:
    paths = document()["paths"]
    patch = paths["/api/incidents/{reference}"]["patch"]
    assert {"200", "400", "404", "412", "413", "429"} <= set(patch["responses"])
    assert [parameter["name"] for parameter in patch["parameters"]] == ["reference", "x-tenant-id", "If-Match"]
    post = paths["/api/incidents"]["post"]
    assert {"201", "400", "409"} <= set(post["responses"])
    assert "Idempotency-Key" in [parameter["name"] for parameter in post["parameters"]]
    ingest = paths["/api/webhook"]["post"]
    assert "429" not in ingest["responses"]


def test_every_reference_in_it_leads_somewhere() -> None:
    found = document()
    names = set(found["components"]["schemas"])

    def references(part: Any) -> set[str]:
        match part:
            case dict():
                own = {part["$ref"].rsplit("/", 1)[1]} if "$ref" in part else set()
                return own.union(*(references(value) for value in part.values()))
            case list():
                return set().union(*(references(value) for value in part))
            case _:
                return set()

    assert references(found) <= names
