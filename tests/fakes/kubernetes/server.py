"""The fake as an HTTP server: what the real client sends is parsed here, as an API server would.

Get, list by label with pages, server-side apply (also as a dry run), delete with preconditions. Tests say which rights
are missing, and when the server stops answering.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.fakes.kubernetes.cluster import Cluster, Manifest, Refusal
from tests.fakes.kubernetes.schemas import BY_PLURAL, Kind

VERBS = {"GET": "get", "PATCH": "patch", "DELETE": "delete"}
APPLY = "application/apply-patch+yaml"
TOKEN = "a-service-accounts-token"


@dataclass(frozen=True)
class Asked:
    """One request, understood."""

    verb: str
    kind: Kind
    namespace: str
    name: str
    query: dict[str, str]
    body: Manifest

    @property
    def is_dry_run(self) -> bool:
        return self.query.get("dryRun") == "All"


@dataclass
class FakeKubernetes:
    """``missing``: kinds whose definition is not installed. ``forbidden``: verb and plural that RBAC does not allow.
    ``applies_left``: how many real applies still succeed; then it answers as a server that goes down.
    """

    cluster: Cluster = field(default_factory=Cluster)
    missing: set[str] = field(default_factory=set)
    forbidden: set[tuple[str, str]] = field(default_factory=set)
    applies_left: int | None = None
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    def changes(self) -> list[str]:
        """What was asked for that changes something: ``patch Deployment api``."""
        return [
            f"{one.verb} {one.kind.name} {one.name}"
            for one in self.asked
            if one.verb in ("patch", "delete") and not one.is_dry_run
        ]

    async def answer(self, request: web.Request) -> web.Response:
        try:
            status, body = self._handle(await self._understood(request))
        except Refusal as refusal:
            status, body = refusal.code, _status(refusal)
        return web.json_response(body, status=status)

    async def _understood(self, request: web.Request) -> Asked:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise Refusal(401, "Unauthorized", "Unauthorized")
        parts = request.path.strip("/").split("/")
        api_version, rest = (parts[1], parts[2:]) if parts[0] == "api" else ("/".join(parts[1:3]), parts[3:])
        namespace = ""
        if rest[0] == "namespaces" and len(rest) > 2:
            namespace, rest = rest[1], rest[2:]
        kind = BY_PLURAL.get((api_version, rest[0]))
        if kind is None or kind.name in self.missing:
            raise Refusal(404, "NotFound", "the server could not find the requested resource")
        name = rest[1] if len(rest) > 1 else ""
        raw = await request.text()
        verb = "list" if request.method == "GET" and not name else VERBS[request.method]
        if verb == "patch" and request.headers["Content-Type"] != APPLY:
            raise Refusal(415, "UnsupportedMediaType", "the body of the request was in an unknown format")
        return Asked(verb, kind, namespace, name, dict(request.query), json.loads(raw) if raw else {})

    def _handle(self, asked: Asked) -> tuple[int, Manifest]:
        self.asked.append(asked)
        if (asked.verb, asked.kind.plural) in self.forbidden:
            user = 'User "system:serviceaccount:opsplane:control-plane"'
            what = f'resource "{asked.kind.plural}" in API group "{asked.kind.group}"'
            raise Refusal(403, "Forbidden", f"{asked.kind.qualified} is forbidden: {user} cannot {asked.verb} {what}")
        if asked.verb == "list":
            return 200, self._page(asked)
        if asked.verb == "get":
            return 200, self.cluster.get(asked.kind, asked.namespace, asked.name)
        if asked.verb == "delete":
            uid = asked.body.get("preconditions", {}).get("uid")
            return 200, self.cluster.delete(asked.kind, asked.namespace, asked.name, uid)
        return self._apply(asked)

    def _apply(self, asked: Asked) -> tuple[int, Manifest]:
        if not asked.is_dry_run and self.applies_left is not None:
            if self.applies_left == 0:
                raise Refusal(503, "ServiceUnavailable", "apiserver is shutting down")
            self.applies_left -= 1
        manager = asked.query.get("fieldManager")
        if not manager:
            message = "PatchOptions.meta.k8s.io is invalid: fieldManager: Required value: is required for apply patch"
            raise Refusal(422, "Invalid", message)
        applied, is_new = self.cluster.apply(
            asked.kind,
            asked.namespace,
            asked.name,
            asked.body,
            manager,
            force=asked.query.get("force") == "true",
            dry_run=asked.is_dry_run,
        )
        return (201 if is_new else 200), applied

    def _page(self, asked: Asked) -> Manifest:
        found = self.cluster.select(asked.kind, asked.namespace, _labels(asked.query.get("labelSelector", "")))
        start, size = int(asked.query.get("continue") or 0), int(asked.query.get("limit") or len(found) or 1)
        meta = {"resourceVersion": str(self.cluster.version)}
        if start + size < len(found):
            meta["continue"] = str(start + size)
        items = [
            {name: value for name, value in one.items() if name not in ("apiVersion", "kind")}
            for one in found[start : start + size]
        ]
        return {
            "apiVersion": asked.kind.api_version,
            "kind": f"{asked.kind.name}List",
            "metadata": meta,
            "items": items,
        }


def _labels(selector: str) -> dict[str, str | None]:
    pairs = (part.partition("=") for part in selector.split(",") if part)
    return {name: value if sign else None for name, sign, value in pairs}


def _status(refusal: Refusal) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Status",
        "status": "Failure",
        "message": refusal.message,
        "reason": refusal.reason,
        "code": refusal.code,
    }


@asynccontextmanager
async def fake_kubernetes() -> AsyncIterator[FakeKubernetes]:
    """Listens on a free port of the loopback address."""
    fake = FakeKubernetes()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", fake.answer)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield fake
    finally:
        await runner.cleanup()
