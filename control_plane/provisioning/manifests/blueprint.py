"""What goes into all objects: an installation's blueprint, one tenant's wishes; names, labels, annotations."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from control_plane.provisioning.rules import Size

Manifest = dict[str, Any]
OWNER = "opsplane"
MANAGED_BY = "app.kubernetes.io/managed-by"
NAME = "app.kubernetes.io/name"
COMPONENT = "app.kubernetes.io/component"
TENANT = "opsplane.io/tenant"
VERSION = "opsplane.io/version"
HASH = "opsplane.io/hash"
OURS = f"{MANAGED_BY}={OWNER},{TENANT}"
"""A label selector: everything that was made for some tenant."""
PORT = 8002
NAMESPACE_PREFIX = "tenant-"
DATABASE_SECRET = "database"  # noqa: S105 - its name
OWNER_URL, APP_URL = "owner-url", "app-url"


@dataclass(frozen=True, slots=True)
class Blueprint:
    """What is the same for all dedicated planes of an installation.

    ``owner_database_url`` and ``app_database_url`` hold ``{tenant}`` where the tenant's id belongs (``{schema}``: the
    same with underscores). Without them, somebody else puts the Secret ``database`` with the keys ``owner-url`` and
    ``app-url`` into the tenant's namespace: a Postgres operator, or external-secrets.
    """

    image: str
    origin_host: str
    control_plane_url: str
    control_plane_namespace: str = "opsplane"
    gateway_name: str = "opsplane"
    gateway_namespace: str = "opsplane"
    proxy_namespace: str = "envoy-gateway-system"
    """Where the gateway's proxies run, from which requests arrive."""
    tenant_hosts: str | None = None
    """``example.com``: the tenant acme is also reached at ``acme.example.com``."""
    owner_database_url: str | None = None
    app_database_url: str | None = None
    database_port: int = 5432


@dataclass(frozen=True, slots=True)
class Wanted:
    """One tenant's deployment as it should be."""

    tenant_id: str
    version: str
    size: Size

    @property
    def namespace(self) -> str:
        return f"{NAMESPACE_PREFIX}{self.tenant_id}"


def service_url(tenant_id: str) -> str:
    return f"http://api.{NAMESPACE_PREFIX}{tenant_id}.svc"


def tenant_at(url: str) -> str:
    """The inverse of ``service_url``. Raises ValueError."""
    head, tail = service_url("{").split("{")
    if not (url.startswith(head) and url.endswith(tail)):
        raise ValueError(f"There is no plane of ours at {url}.")
    return url.removeprefix(head).removesuffix(tail)


def labels(tenant_id: str, component: str | None = None) -> dict[str, str]:
    named = {MANAGED_BY: OWNER, TENANT: tenant_id, NAME: "tenant-plane"}
    return named if component is None else {**named, COMPONENT: component}


def selector(tenant_id: str, component: str) -> dict[str, str]:
    """Which pods; a Deployment's selector can never change, so it has nothing in it that might."""
    return {TENANT: tenant_id, COMPONENT: component}


def digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def owned(wanted: Wanted, api_version: str, kind: str, name: str, **content: Any) -> Manifest:
    """One object with the labels and annotations of everything that is ours; a Namespace has no namespace."""
    metadata: dict[str, Any] = {"name": name, "labels": {**labels(wanted.tenant_id), **content.pop("labels", {})}}
    if kind != "Namespace":
        metadata["namespace"] = wanted.namespace
    manifest = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **content}
    metadata["annotations"] = {VERSION: wanted.version, HASH: digest(manifest)}
    return manifest


def is_ours(namespace: Manifest, tenant_id: str | None = None) -> bool:
    """Whether a live Namespace was made here, for this tenant if one is named."""
    found = namespace["metadata"].get("labels", {})
    return found.get(MANAGED_BY) == OWNER and TENANT in found and tenant_id in (None, found[TENANT])
