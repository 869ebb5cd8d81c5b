"""The kinds that the fake knows: their paths, their JSON schemas, what a list is merged by.

The schemas of Kubernetes' own kinds come with kubernetes-validate; the Gateway API is not in there, so the few fields
that we use of it stand here, from its v1 types.
"""

import importlib.resources
import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import jsonschema
from referencing import Registry, Resource

Schema = dict[str, Any]
FOLDER = "v1.37.0-local-strict"


@dataclass(frozen=True)
class Kind:
    api_version: str
    name: str
    plural: str
    is_namespaced: bool = True

    @property
    def group(self) -> str:
        return self.api_version.rpartition("/")[0]

    @property
    def qualified(self) -> str:
        """As in messages: ``deployments.apps``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


KINDS = (
    Kind("v1", "Namespace", "namespaces", is_namespaced=False),
    Kind("v1", "ResourceQuota", "resourcequotas"),
    Kind("v1", "LimitRange", "limitranges"),
    Kind("v1", "Secret", "secrets"),
    Kind("v1", "ConfigMap", "configmaps"),
    Kind("v1", "ServiceAccount", "serviceaccounts"),
    Kind("v1", "Service", "services"),
    Kind("apps/v1", "Deployment", "deployments"),
    Kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies"),
    Kind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets"),
    Kind("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
    Kind("gateway.networking.k8s.io/v1", "HTTPRoute", "httproutes"),
)
BY_PLURAL = {(kind.api_version, kind.plural): kind for kind in KINDS}


def _object(required: tuple[str, ...] = (), **properties: Any) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": properties,
    }


def _several(items: Schema, most: int) -> Schema:
    return {"type": "array", "items": items, "maxItems": most}


OBJECT = {"type": "object"}
TEXT = {"type": "string", "minLength": 1}
HOSTNAME = {
    "type": "string",
    "maxLength": 253,
    "pattern": r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
}
PORT = {"type": "integer", "minimum": 1, "maximum": 65535}
PAIR = _object(("name", "value"), type={"enum": ["Exact", "RegularExpression"]}, name=TEXT, value=TEXT)
PARENT = _object(("name",), group=TEXT, kind=TEXT, name=TEXT, namespace=TEXT, sectionName=TEXT, port=PORT)
MATCH = _object(
    path=_object(
        ("type", "value"),
        type={"enum": ["Exact", "PathPrefix", "RegularExpression"]},
        value={"type": "string", "pattern": "^/"},
    ),
    headers=_several(PAIR, 16),
    queryParams=_several(PAIR, 16),
    method=TEXT,
)
BACKEND = _object(("name",), group={"type": "string"}, kind=TEXT, name=TEXT, namespace=TEXT, port=PORT, weight=PORT)
REDIRECT = _object(scheme={"enum": ["http", "https"]}, statusCode={"enum": [301, 302, 303, 307, 308]})
FILTER = _object(("type",), type={"enum": ["RequestRedirect"]}, requestRedirect=REDIRECT)
RULE = _object(
    name=TEXT,
    matches=_several(MATCH, 64),
    backendRefs=_several(BACKEND, 16),
    filters=_several(FILTER, 16),
    timeouts=_object(request=TEXT, backendRequest=TEXT),
)
ROUTE_SPEC = _object(
    ("parentRefs",),
    parentRefs=_several(PARENT, 32),
    hostnames=_several(HOSTNAME, 16),
    rules=_several(RULE, 16),
)
CERTIFICATE = _object(("name",), name=TEXT, kind=TEXT, group={"type": "string"})
LISTENER = _object(
    ("name", "port", "protocol"),
    name=TEXT,
    hostname=HOSTNAME,
    port=PORT,
    protocol={"enum": ["HTTP", "HTTPS"]},
    tls=_object(mode={"enum": ["Terminate"]}, certificateRefs=_several(CERTIFICATE, 64)),
    allowedRoutes=_object(namespaces={"type": "object", "properties": {"from": {"enum": ["All", "Same", "Selector"]}}}),
)
GATEWAY_SPEC = _object(("gatewayClassName", "listeners"), gatewayClassName=TEXT, listeners=_several(LISTENER, 64))
GATEWAY_API = {"HTTPRoute": ROUTE_SPEC, "Gateway": GATEWAY_SPEC}
"""Schemas of ``spec``."""


@cache
def _load(name: str) -> Any:
    folder = importlib.resources.files("kubernetes_validate") / "kubernetes-json-schema" / FOLDER
    return json.loads((folder / name).read_text())


@cache
def schema_of(api_version: str, kind: str) -> Schema:
    if kind in GATEWAY_API:
        required = ("apiVersion", "kind", "metadata", "spec")
        return _object(required, apiVersion=TEXT, kind=TEXT, metadata=OBJECT, spec=GATEWAY_API[kind], status=OBJECT)
    group, _, version = api_version.rpartition("/")
    prefix = f"{group.split('.')[0]}-" if group else ""
    loaded: Schema = _load(f"{kind.lower()}-{prefix}{version}.json")
    return loaded


@cache
def _validator(api_version: str, kind: str) -> Any:
    schema = schema_of(api_version, kind)
    registry: Any = Resource.from_contents(_load("_definitions.json")) @ Registry()
    if "$id" in schema:
        registry = Resource.from_contents(schema) @ registry
    return jsonschema.Draft202012Validator(schema, registry=registry)


def problems(manifest: dict[str, Any]) -> list[str]:
    """What is wrong with an object, by its schema; unknown fields count."""
    errors = _validator(manifest["apiVersion"], manifest["kind"]).iter_errors(manifest)
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in errors]


def child(schema: Schema, key: str | None) -> Schema:
    """The schema below a field; for None, that of a list's items."""
    plain = resolved(schema)
    if key is None:
        items: Schema = plain.get("items", {})
        return items
    below = plain.get("properties", {}).get(key)
    if below is None:
        more = plain.get("additionalProperties")
        below = more if isinstance(more, dict) else {}
    found: Schema = below
    return found


def resolved(schema: Schema) -> Schema:
    """Follows references and ``anyOf`` with null; extensions written beside a reference stay."""
    while "$ref" in schema or "anyOf" in schema:
        extensions = {name: value for name, value in schema.items() if name.startswith("x-")}
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            schema = {**_load("_definitions.json")["$defs"][name], **extensions}
        else:
            options = [option for option in schema["anyOf"] if option.get("type") != "null"]
            schema = {**options[0], **extensions}
    return schema


def merge_keys(schema: Schema) -> tuple[str, ...]:
    """What tells the items of a list apart; empty when the list is one value."""
    plain = resolved(schema)
    keys = plain.get("x-kubernetes-list-map-keys") or [plain.get("x-kubernetes-patch-merge-key")]
    return tuple(key for key in keys if key)


def is_atomic(schema: Schema) -> bool:
    return resolved(schema).get("x-kubernetes-map-type") == "atomic"
