"""The OpenAPI 3.1 document, read from the same operations that answer. A snapshot stands in tests/contracts."""

import json
import re
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, TypeAdapter

from shared.errors import FieldError
from shared.web.operations import Operation
from shared.web.render import JSON, VENDOR

TAR = "application/x-tar"
REF = "#/components/schemas/{model}"
SECURITY_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A JWT from /api/auth/token, or an API key."},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "opk_<tenant>_<id>_<secret>"},
}
TENANT_HEADER = {
    "name": "x-tenant-id",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "An assertion: must equal the tenant of the credential, else 403.",
}
IDEMPOTENCY_HEADER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "The same key with the same request gets the first answer again, for 24 hours.",
}
IF_MATCH_HEADER = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "pattern": '^"?[0-9]{1,18}"?$'},
    "description": "The ETag of the version you edited; 412 when somebody was faster.",
}


class ErrorBody(BaseModel):
    """The one error shape."""

    error: str
    code: str
    trace_id: str
    detail: str
    status_code: int
    errors: list[FieldError] | None = None


def document(title: str, version: str, description: str, operations: Sequence[Operation]) -> dict[str, Any]:
    by_key, schemas = _schemas(operations)
    paths: dict[str, Any] = {}
    for index, operation in enumerate(sorted(operations, key=lambda o: (o.path, o.method))):
        path = re.sub(r":\w+}", "}", operation.path)
        paths.setdefault(path, {})[operation.method.lower()] = _operation(operation, index, by_key, schemas)
    for model in {o.query.__name__ for o in operations if o.query}:
        schemas.pop(model, None)  # a query model is written out as parameters
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": description},
        "tags": [{"name": tag} for tag in sorted({o.tag for o in operations})],
        "paths": paths,
        "components": {"schemas": dict(sorted(schemas.items())), "securitySchemes": SECURITY_SCHEMES},
    }


def encode(openapi: dict[str, Any]) -> bytes:
    return json.dumps(openapi, ensure_ascii=False).encode()


def _schemas(operations: Sequence[Operation]) -> tuple[dict[Any, Any], dict[str, Any]]:
    inputs: list[tuple[Any, Any, TypeAdapter[Any]]] = [("error", "serialization", TypeAdapter(ErrorBody))]
    for index, operation in enumerate(sorted(operations, key=lambda o: (o.path, o.method))):
        for name, adapter in operation.path_adapters.items():
            inputs.append(((index, name), "validation", adapter))
        if operation.query is not None:
            inputs.append(((index, "query"), "validation", TypeAdapter(operation.query)))
        if operation.body is not None:
            inputs.append(((index, "body"), "validation", operation.body))
        if operation.returns is not None:
            inputs.append(((index, "returns"), "serialization", operation.returns))
    by_key, definitions = TypeAdapter.json_schemas(inputs, ref_template=REF)
    return {key[0]: schema for key, schema in by_key.items()}, definitions.get("$defs", {})


def _operation(operation: Operation, index: int, by_key: dict[Any, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    summary, _, description = (operation.handler.__doc__ or operation.id.replace("_", " ")).strip().partition("\n")
    out: dict[str, Any] = {"operationId": operation.id, "summary": summary, "tags": [operation.tag]}
    if description.strip():
        out["description"] = re.sub(r"\n\s+", "\n", description.strip())
    out["security"] = [] if operation.access == "public" else [{name: []} for name in SECURITY_SCHEMES]
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": by_key[(index, name)]}
        for name in operation.path_adapters
    ]
    if operation.query is not None:
        parameters += _query_parameters(by_key[(index, "query")], schemas)
    parameters += _header_parameters(operation)
    if parameters:
        out["parameters"] = parameters
    if operation.body is not None:
        out["requestBody"] = {"required": True, "content": {JSON: {"schema": by_key[(index, "body")]}}}
    elif "raw" in operation.hints:
        out["requestBody"] = {"required": True, "content": {JSON: {"schema": {"type": ["object", "array"]}}}}
    elif "stream" in operation.hints:
        out["requestBody"] = {"required": True, "content": {TAR: {"schema": {"type": "string", "format": "binary"}}}}
    out["responses"] = _responses(operation, by_key.get((index, "returns")))
    return out


def _query_parameters(schema: dict[str, Any], schemas: dict[str, Any]) -> Iterator[dict[str, Any]]:
    model = schemas[schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema
    for name, field in model.get("properties", {}).items():
        parameter = {"name": name, "in": "query", "required": name in model.get("required", []), "schema": field}
        if "description" in field:
            parameter["description"] = field["description"]
        yield parameter


def _header_parameters(operation: Operation) -> list[dict[str, Any]]:
    headers = [] if operation.access == "public" else [TENANT_HEADER]
    if operation.idempotent:
        headers.append(IDEMPOTENCY_HEADER)
    if "if_match" in operation.hints:
        headers.append(IF_MATCH_HEADER)
    return headers


def _responses(operation: Operation, returned: Any) -> dict[str, Any]:
    ok: dict[str, Any] = {"description": HTTPStatus(operation.status).phrase}
    if returned is not None:
        schema = returned
        if operation.profile == "atlas":
            schema = {"type": "object", "properties": {"data": returned}, "required": ["data"]}
        ok["content"] = {JSON: {"schema": schema}}
    elif operation.media_type != JSON:
        ok["content"] = {operation.media_type: {"schema": {"type": "string", "format": "binary"}}}
    responses = {str(operation.status): ok}
    for status in operation.other_statuses:
        responses[str(status)] = {**ok, "description": HTTPStatus(status).phrase}
    if operation.access == "ingest":
        responses["202"] = {**ok, "description": "Could not be read; kept as a dead letter"}
    # A vendor's mount refuses what it can't read in the vendor's words.
    refusal = {"anyOf": [REF_TO_ERROR, returned]} if operation.profile == VENDOR else REF_TO_ERROR
    for status in sorted(_refusals(operation)):
        responses[str(status)] = {"description": HTTPStatus(status).phrase, "content": {JSON: {"schema": refusal}}}
    return responses


REF_TO_ERROR = {"$ref": "#/components/schemas/ErrorBody"}


def _refusals(operation: Operation) -> set[int]:
    statuses = {error.status for error in operation.errors} | {422, 429, 500, 503}
    if operation.access != "public":
        statuses |= {401, 403}
    if operation.path_adapters:
        statuses.add(404)
    if operation.body is not None or {"raw", "stream"} & operation.hints.keys() or operation.method == "POST":
        statuses |= {400, 413}
    if operation.idempotent:
        statuses |= {400, 409}
    if "if_match" in operation.hints:
        statuses |= {400, 412}
    if not operation.is_rate_limited:
        statuses -= {429}
    return statuses
