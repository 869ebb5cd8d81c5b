"""The state behind the fake: objects, their versions and owners, namespaces that go, deployments that come up."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from tests.fakes.kubernetes import fields, pod_security
from tests.fakes.kubernetes.schemas import Kind, problems, schema_of

Manifest = dict[str, Any]
Key = tuple[str, str, str]
"""Plural, namespace (empty for none), name."""
ENFORCE = "pod-security.kubernetes.io/enforce"
STARTED_AT = "2026-01-01T00:00:00Z"


class Refusal(Exception):
    """What an API server answers as a ``Status``."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code, self.reason, self.message = code, reason, message


@dataclass
class Cluster:
    """``broken_tags``: images whose pods never become ready. ``is_settling``: controllers act at once; else only in
    ``settle``. ``keeps_namespaces``: a deleted one stays Terminating until ``finish_namespaces``.
    """

    objects: dict[Key, Manifest] = field(default_factory=dict)
    owners: dict[Key, fields.Owners] = field(default_factory=dict)
    broken_tags: set[str] = field(default_factory=set)
    gives_up: bool = False
    is_settling: bool = True
    keeps_namespaces: bool = False
    version: int = 100

    def get(self, kind: Kind, namespace: str, name: str) -> Manifest:
        found = self.objects.get((kind.plural, namespace, name))
        if found is None:
            raise Refusal(404, "NotFound", f'{kind.qualified} "{name}" not found')
        return found

    def select(self, kind: Kind, namespace: str, labels: dict[str, str | None]) -> list[Manifest]:
        """``labels``: a value, or None for any."""
        return [
            found
            for (plural, where, _), found in sorted(self.objects.items())
            if plural == kind.plural and namespace in ("", where) and _matches(found, labels)
        ]

    def apply(
        self, kind: Kind, namespace: str, name: str, body: Manifest, manager: str, *, force: bool, dry_run: bool
    ) -> tuple[Manifest, bool]:
        """The object afterwards, and whether it is new."""
        key = (kind.plural, namespace, name)
        live = self.objects.get(key)
        if namespace:
            self._check_namespace(namespace, is_new=live is None)
        schema = schema_of(kind.api_version, kind.name)
        start = live or {"apiVersion": kind.api_version, "kind": kind.name, "metadata": {"name": name}}
        try:
            result, owners = fields.apply(start, self.owners.get(key, {}), manager, body, schema, force=force)
        except fields.Disputed as disputed:
            shown = ", ".join(".".join(map(str, path)) for path in disputed.paths)
            message = f'Apply failed with {len(disputed.paths)} conflict: conflict with "{disputed.manager}": .{shown}'
            raise Refusal(409, "Conflict", message) from None
        if namespace:
            result["metadata"]["namespace"] = namespace
        _set_defaults(kind, result)
        self._check(kind, result, live)
        _set_managed_fields(result, owners)
        if live is not None and result == live:
            return live, False
        stored = self._stamp(result, live, dry_run=dry_run)
        if not dry_run:
            self.objects[key], self.owners[key] = stored, owners
            if self.is_settling:
                self.settle()
            stored = self.objects[key]
        return stored, live is None

    def delete(self, kind: Kind, namespace: str, name: str, uid: str | None) -> Manifest:
        found = self.get(kind, namespace, name)
        if uid is not None and uid != found["metadata"]["uid"]:
            message = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {found['metadata']['uid']}"
            raise Refusal(409, "Conflict", message)
        if kind.name == "Namespace":
            found["metadata"]["deletionTimestamp"] = STARTED_AT
            found["status"] = {"phase": "Terminating"}
            if not self.keeps_namespaces:
                self.finish_namespaces()
        else:
            self._drop((kind.plural, namespace, name))
        return found

    def finish_namespaces(self) -> None:
        """Those that go are gone, with all that is in them."""
        for namespace in self._going():
            for key in [key for key in self.objects if key[1] == namespace]:
                self._drop(key)
            self._drop(("namespaces", "", namespace))

    def settle(self) -> None:
        """What the controllers of a cluster do: bring deployments up, as far as their pods can come up."""
        for (plural, namespace, _), deployment in list(self.objects.items()):
            if plural == "deployments":
                deployment["status"] = self._status(namespace, deployment)

    def _status(self, namespace: str, deployment: Manifest) -> dict[str, Any]:
        wanted, pod = deployment["spec"]["replicas"], deployment["spec"]["template"]["spec"]
        before = deployment.get("status", {})
        generation = deployment["metadata"]["generation"]
        if self._forbids(namespace, pod):
            failure = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "forbidden"}
            return {"observedGeneration": generation, "conditions": [failure]}
        if any(one["image"].rpartition(":")[2] in self.broken_tags for one in pod["containers"]):
            available = before.get("availableReplicas", 0)
            numbers = {"replicas": available + 1, "updatedReplicas": 1, "availableReplicas": available}
            return {"observedGeneration": generation, **numbers, "conditions": [self._progress_of_broken()]}
        numbers = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), wanted)
        progress = {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}
        return {"observedGeneration": generation, **numbers, "conditions": [progress]}

    def _progress_of_broken(self) -> dict[str, str]:
        if self.gives_up:
            message = "ReplicaSet has timed out progressing."
            return {
                "type": "Progressing",
                "status": "False",
                "reason": "ProgressDeadlineExceeded",
                "message": message,
            }
        return {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"}

    def _forbids(self, namespace: str, pod: Manifest) -> bool:
        labels = self.objects["namespaces", "", namespace]["metadata"].get("labels", {})
        return labels.get(ENFORCE) == "restricted" and bool(pod_security.violations(pod))

    def _check_namespace(self, namespace: str, *, is_new: bool) -> None:
        if ("namespaces", "", namespace) not in self.objects:
            raise Refusal(404, "NotFound", f'namespaces "{namespace}" not found')
        if is_new and namespace in self._going():
            message = f"unable to create new content in namespace {namespace} because it is being terminated"
            raise Refusal(403, "Forbidden", message)

    def _going(self) -> list[str]:
        return [
            name
            for (plural, _, name), found in self.objects.items()
            if plural == "namespaces" and "deletionTimestamp" in found["metadata"]
        ]

    def _check(self, kind: Kind, manifest: Manifest, live: Manifest | None) -> None:
        found = problems({name: value for name, value in manifest.items() if name != "status"})
        if found:
            # A real one says 500, without a reason, to what its schema does not know.
            meta = manifest["metadata"]
            about = f"{meta.get('namespace', '')}/{meta['name']}; {kind.api_version}, Kind={kind.name}"
            raise Refusal(500, "", f"failed to create typed patch object ({about}): {found[0]}")
        if kind.name == "Deployment":
            wrong = next(_wrong_in_deployment(manifest, live), None)
            if wrong is not None:
                name = manifest["metadata"]["name"]
                raise Refusal(422, "Invalid", f'Deployment.apps "{name}" is invalid: {wrong}')

    def _stamp(self, manifest: Manifest, live: Manifest | None, *, dry_run: bool) -> Manifest:
        meta = manifest["metadata"]
        if live is None:
            meta.update(uid=str(uuid4()), creationTimestamp=STARTED_AT, generation=1)
        elif live.get("spec") != manifest.get("spec"):
            meta["generation"] += 1
        if not dry_run:
            self.version += 1
            meta["resourceVersion"] = str(self.version)
        return manifest

    def _drop(self, key: Key) -> None:
        self.objects.pop(key, None)
        self.owners.pop(key, None)


def _matches(manifest: Manifest, labels: dict[str, str | None]) -> bool:
    found = manifest["metadata"].get("labels", {})
    return all(name in found and value in (None, found[name]) for name, value in labels.items())


def _wrong_in_deployment(manifest: Manifest, live: Manifest | None) -> Iterator[str]:
    spec = manifest["spec"]
    chosen, labels = spec["selector"].get("matchLabels", {}), spec["template"]["metadata"].get("labels", {})
    if not chosen.items() <= labels.items():
        yield "spec.template.metadata.labels: `selector` does not match template `labels`"
    if live is not None and live["spec"]["selector"] != spec["selector"]:
        yield "spec.selector: Invalid value: field is immutable"


def _set_defaults(kind: Kind, manifest: Manifest) -> None:
    """A few of those that a real server fills in, so that a live object has more than was applied."""
    spec = manifest.get("spec", {})
    if kind.name == "Namespace":
        manifest.setdefault("spec", {"finalizers": ["kubernetes"]})
        manifest.setdefault("status", {"phase": "Active"})
        manifest["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = manifest["metadata"]["name"]
    if kind.name == "Deployment":
        spec.setdefault("replicas", 1)
        spec["template"]["spec"].setdefault("dnsPolicy", "ClusterFirst")
        spec["template"]["spec"].setdefault("restartPolicy", "Always")
    if kind.name == "Service":
        spec.setdefault("clusterIP", "10.96.0.10")
        spec.setdefault("sessionAffinity", "None")


def _set_managed_fields(manifest: Manifest, owners: fields.Owners) -> None:
    manifest["metadata"]["managedFields"] = [
        {
            "manager": manager,
            "operation": "Apply",
            "apiVersion": manifest["apiVersion"],
            "fieldsType": "FieldsV1",
            "fieldsV1": fields.as_fields_v1(paths),
        }
        for manager, paths in sorted(owners.items())
    ]
