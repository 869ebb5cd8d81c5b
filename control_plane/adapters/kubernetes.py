"""A Kubernetes API server, through the official client: server-side apply, and reading back what came of it.

Objects are plain data and paths are made from their kind, since the Gateway API has no typed class in the client.
Which cluster: KUBECONFIG, else the one that this process runs in.
"""

import asyncio
import json
import os
from dataclasses import dataclass
from typing import Any, Literal, NoReturn
from urllib.parse import quote

import aiohttp
from kubernetes.aio import client, config

from control_plane.provisioning.errors import (
    ClusterAway,
    ClusterConflict,
    ClusterLacks,
    ClusterProblem,
    ClusterRefused,
    ManifestRefused,
)
from control_plane.provisioning.ports import Manifest

FIELD_MANAGER = "opsplane"
TIMEOUT_SECONDS = 15
PAGE = 250
APPLY = "application/apply-patch+yaml"
RESOURCES: dict[tuple[str, str], str] = {
    ("v1", "Namespace"): "namespaces",
    ("v1", "ResourceQuota"): "resourcequotas",
    ("v1", "LimitRange"): "limitranges",
    ("v1", "Secret"): "secrets",
    ("v1", "ServiceAccount"): "serviceaccounts",
    ("v1", "Service"): "services",
    ("apps/v1", "Deployment"): "deployments",
    ("networking.k8s.io/v1", "NetworkPolicy"): "networkpolicies",
    ("policy/v1", "PodDisruptionBudget"): "poddisruptionbudgets",
    ("autoscaling/v2", "HorizontalPodAutoscaler"): "horizontalpodautoscalers",
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): "httproutes",
}
"""All that is ever touched; infra/k8s grants rights on these and nothing else."""
Verb = Literal["get", "list", "patch", "delete"]
METHODS: dict[Verb, str] = {"get": "GET", "list": "GET", "patch": "PATCH", "delete": "DELETE"}


@dataclass(frozen=True, slots=True)
class Target:
    """What a request is about: enough for its path and for a sentence about a refusal."""

    api_version: str
    kind: str
    name: str | None = None
    namespace: str | None = None

    @property
    def resource(self) -> str:
        return RESOURCES[self.api_version, self.kind]

    @property
    def path(self) -> str:
        root = f"/api/{self.api_version}" if self.api_version == "v1" else f"/apis/{self.api_version}"
        where = "" if self.namespace is None else f"/namespaces/{quote(self.namespace, safe='')}"
        name = "" if self.name is None else f"/{quote(self.name, safe='')}"
        return f"{root}{where}/{self.resource}{name}"

    def __str__(self) -> str:
        name = "" if self.name is None else f" {self.name}"
        where = "" if self.namespace is None else f" in {self.namespace}"
        return f"{self.kind}{name}{where}"


class KubernetesCluster:
    """One connection pool; ``close`` ends it. ``configuration`` is for a server that is known already."""

    def __init__(self, configuration: client.Configuration | None = None) -> None:
        self._configuration = configuration
        self._client: client.ApiClient | None = None
        self._connecting = asyncio.Lock()

    async def apply(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        meta = manifest["metadata"]
        target = Target(manifest["apiVersion"], manifest["kind"], meta["name"], meta.get("namespace"))
        query = [("fieldManager", FIELD_MANAGER), ("force", "true"), ("fieldValidation", "Strict")]
        if dry_run:
            query.append(("dryRun", "All"))
        status, answer = await self._ask("patch", target, query, manifest)
        if status >= 300:
            _refused("patch", target, status, answer)
        return answer

    async def read(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> Manifest | None:
        target = Target(api_version, kind, name, namespace)
        status, answer = await self._ask("get", target)
        if status == 404:
            return None
        if status >= 300:
            _refused("get", target, status, answer)
        return answer

    async def find(self, api_version: str, kind: str, selector: str, namespace: str | None = None) -> list[Manifest]:
        target = Target(api_version, kind, namespace=namespace)
        found: list[Manifest] = []
        token = ""
        while True:
            query = [("labelSelector", selector), ("limit", str(PAGE)), *([("continue", token)] if token else [])]
            status, answer = await self._ask("list", target, query)
            if status == 410:  # the token is too old: what changes meanwhile is seen by starting anew
                found, token = [], ""
                continue
            if status >= 300:
                _refused("list", target, status, answer)
            # Items of a list don't say what they are.
            found += [{"apiVersion": api_version, "kind": kind, **item} for item in answer["items"]]
            token = answer["metadata"].get("continue", "")
            if not token:
                return found

    async def delete(
        self, api_version: str, kind: str, name: str, namespace: str | None = None, *, uid: str | None = None
    ) -> None:
        target = Target(api_version, kind, name, namespace)
        options: dict[str, Any] = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        if uid is not None:
            options["preconditions"] = {"uid": uid}
        status, answer = await self._ask("delete", target, body=options)
        if status >= 300 and status != 404:
            _refused("delete", target, status, answer)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()  # type: ignore[no-untyped-call]

    async def _ask(
        self, verb: Verb, target: Target, query: list[tuple[str, str]] | None = None, body: Manifest | None = None
    ) -> tuple[int, Manifest]:
        """Status and decoded answer. Raises ClusterAway when there is none, or none that can be read."""
        api = await self._connected()
        headers = {"Accept": "application/json", "Content-Type": APPLY if verb == "patch" else "application/json"}
        try:
            method, url, headers, sent, _ = await api.param_serialize(
                METHODS[verb],
                target.path,
                query_params=query,
                header_params=headers,
                body=body,
                auth_settings=["BearerToken"],
            )
            response = await api.call_api(method, url, headers, sent, _request_timeout=TIMEOUT_SECONDS)
            raw = await response.read()  # type: ignore[no-untyped-call]
            return response.status, json.loads(raw)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise ClusterAway(str(error) or f"no answer within {TIMEOUT_SECONDS} s") from error
        except ValueError as error:
            raise ClusterAway("its answer is not JSON; is something else listening there?") from error

    async def _connected(self) -> client.ApiClient:
        async with self._connecting:
            if self._client is None:
                configuration = self._configuration or await _found_configuration()
                configuration.retries = False
                self._client = client.ApiClient(configuration)
            return self._client


async def _found_configuration() -> client.Configuration:
    configuration = client.Configuration()
    try:
        if path := os.environ.get("KUBECONFIG"):
            # Named, since the client has read the variable at its import.
            await config.load_kube_config(path, client_configuration=configuration)  # type: ignore[no-untyped-call]
        else:
            config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
    except (config.ConfigException, OSError) as error:
        raise ClusterAway(f"neither KUBECONFIG nor a service account can be used: {error}") from error
    return configuration


def _refused(verb: Verb, target: Target, status: int, answer: Manifest) -> NoReturn:
    """``answer`` is the API server's ``Status``."""
    said = str(answer.get("message") or answer)[:500]
    if status == 401:
        raise ClusterRefused(f"The cluster does not accept our credentials: {said}")
    if status == 403:
        raise ClusterRefused(_forbidden(verb, target, said))
    if status == 404 and "requested resource" in said:
        raise ClusterLacks(f"{target.kind} ({target.api_version})")
    if status == 409:
        raise ClusterConflict(f"{target}: {said}")
    # 500 is what an API server says to a field that it does not know.
    if status in (400, 404, 415, 422) or (status == 500 and "typed patch object" in said):
        raise ManifestRefused(f"The cluster does not take {target}: {said}")
    raise ClusterProblem(f"The cluster answered {status} about {target}: {said}", retry_after_seconds=5)


def _forbidden(verb: Verb, target: Target, said: str) -> str:
    if "cannot" in said:  # RBAC's own sentence: User "…" cannot patch resource "…" in API group "…"
        return f"The control plane's service account lacks the right to {verb} {target.resource}: {said}"
    return f"The cluster refuses {target}: {said}"
