"""What provisioning needs from outside: a cluster, what a plane says about itself; and what it is told of a tenant."""

from typing import Any, Protocol

from control_plane.tenants.rules import Where
from shared.contracts.fleet import FleetHealth

Manifest = dict[str, Any]


class Placed(Protocol):
    """A tenant, as the domain of tenants describes it to a placement."""

    @property
    def tenant_id(self) -> str: ...
    @property
    def plan(self) -> str: ...
    @property
    def placement(self) -> Where: ...
    @property
    def is_serving(self) -> bool: ...


class Cluster(Protocol):
    """A Kubernetes API server. All raise a ClusterProblem; all are safe to repeat.

    A kind is named by apiVersion and kind, as in a manifest; ``namespace`` is None for what has none.
    """

    async def apply(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        """Server-side apply under our name; takes over what others have set in the fields named. Answers the whole
        object as it is (or, in a dry run, would be) afterwards.
        """
        ...

    async def read(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> Manifest | None: ...

    async def find(self, api_version: str, kind: str, selector: str, namespace: str | None = None) -> list[Manifest]:
        """All with these labels."""
        ...

    async def delete(
        self, api_version: str, kind: str, name: str, namespace: str | None = None, *, uid: str | None = None
    ) -> None:
        """One that is not there is gone already. With ``uid``: only that very object, else ClusterConflict."""
        ...

    async def close(self) -> None: ...


class Planes(Protocol):
    async def fleet(self, url: str) -> FleetHealth:
        """What a plane says about itself; ``url`` as a placement answers it. Raises an Unavailable."""
        ...
