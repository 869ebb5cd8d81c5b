"""How requests reach the plane: a Service, and routes of the installation's Gateway.

On the installation's own host a request belongs to this tenant if it asserts so in ``x-tenant-id``, or carries one of
its API keys, which name the tenant; no other tenant's keys match, since an id has no underscore. These routes win over
the shared cell's: of two matches with an equally long path prefix the one with more header matches counts, then the
one with more query matches (Gateway API, HTTPRouteRule.matches). The control plane's prefixes are longer and stay
where they are. A key that stands in a body, as PagerDuty's events have it, no gateway sees: such senders use the
tenant's own host.
"""

from typing import Any

from control_plane.provisioning.manifests.blueprint import Blueprint, Manifest, Wanted, owned, selector

PREFIXES = ("/api", "/graphql", "/ws", "/webhook", "/v2", "/generic")
"""The tenant plane's share of the origin, as in infra/local/origin.py and infra/k8s."""
SENDERS = ("/api", "/webhook", "/v2")
SERVICE_PORT = 80
LISTENERS = ("https", "https-tenants")
"""Of the gateway in infra/k8s: for its own host, and for ``*.`` below it."""


def service(wanted: Wanted) -> Manifest:
    spec = {
        "type": "ClusterIP",
        "selector": selector(wanted.tenant_id, "api"),
        "ports": [{"name": "http", "port": SERVICE_PORT, "targetPort": "http", "protocol": "TCP"}],
    }
    return owned(wanted, "v1", "Service", "api", spec=spec)


def http_routes(blueprint: Blueprint, wanted: Wanted) -> list[Manifest]:
    """On the origin's host by what the request says; and on a host of the tenant's own, for its senders."""
    listener, own_listener = LISTENERS
    asserted = _asserted(wanted.tenant_id)
    routes = [_route(blueprint, wanted, "origin", listener, blueprint.origin_host, asserted)]
    if blueprint.tenant_hosts is not None:
        own = f"{wanted.tenant_id}.{blueprint.tenant_hosts}"
        routes.append(_route(blueprint, wanted, "own-host", own_listener, own, [_path(prefix) for prefix in PREFIXES]))
    return routes


def _asserted(tenant_id: str) -> list[dict[str, Any]]:
    key = f"opk_{tenant_id}_.*"
    headers = [
        {"type": "Exact", "name": "x-tenant-id", "value": tenant_id},
        {"type": "RegularExpression", "name": "authorization", "value": f"([Bb]earer|GenieKey) {key}"},
        {"type": "RegularExpression", "name": "x-api-key", "value": key},
    ]
    by_header = [{**_path(prefix), "headers": [header]} for prefix in PREFIXES for header in headers]
    # A browser can't send headers when it opens a WebSocket, and some senders can only be given a URL.
    queries = [
        (("/graphql", "/ws"), {"type": "Exact", "name": "tenant_id", "value": tenant_id}),
        (SENDERS, {"type": "RegularExpression", "name": "api_key", "value": key}),
        (SENDERS, {"type": "RegularExpression", "name": "token", "value": key}),
    ]
    by_query = [{**_path(prefix), "queryParams": [query]} for prefixes, query in queries for prefix in prefixes]
    return by_header + by_query


def _path(prefix: str) -> dict[str, Any]:
    return {"path": {"type": "PathPrefix", "value": prefix}}


def _route(
    blueprint: Blueprint, wanted: Wanted, name: str, listener: str, host: str, matches: list[dict[str, Any]]
) -> Manifest:
    spec = {
        "parentRefs": [
            {
                "group": "gateway.networking.k8s.io",
                "kind": "Gateway",
                "name": blueprint.gateway_name,
                "namespace": blueprint.gateway_namespace,
                "sectionName": listener,
            }
        ],
        "hostnames": [host],
        "rules": [
            {
                "matches": matches,
                "backendRefs": [{"group": "", "kind": "Service", "name": "api", "port": SERVICE_PORT, "weight": 1}],
            }
        ],
    }
    return owned(wanted, "gateway.networking.k8s.io/v1", "HTTPRoute", name, spec=spec)
