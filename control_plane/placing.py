"""The part of the composition root that chooses where planes run: by the settings, or in a Kubernetes cluster."""

import dataclasses
from collections.abc import Mapping
from datetime import timedelta

from control_plane.adapters.static_placement import StaticPlacement
from control_plane.core.database import ControlDatabase
from control_plane.provisioning.flows.placement import ClusterPlacement
from control_plane.provisioning.flows.reconcile import Reconciler
from control_plane.provisioning.flows.rounds import SHARED, Rounds
from control_plane.provisioning.manifests import blueprint
from control_plane.provisioning.ports import Planes
from control_plane.settings import ControlSettings, KubernetesSettings
from control_plane.tenants.ports import Placement


def choose_placement(
    settings: ControlSettings, database: ControlDatabase, planes: Planes, shared_url: str
) -> tuple[Placement, Rounds]:
    """Where tenants are placed, and the rounds that look after those places."""
    fixed = {SHARED: shared_url, **settings.dedicated_planes}
    if settings.kubernetes is None:
        return StaticPlacement(shared_url, settings.dedicated_planes), Rounds(database, planes, fixed)
    reconciler = _reconciler(settings.kubernetes, database)
    rounds = Rounds(
        database,
        planes,
        fixed,
        reconciler,
        rollout_deadline=timedelta(seconds=settings.kubernetes.rollout_deadline_seconds),
        orphan_grace=timedelta(hours=settings.kubernetes.orphan_grace_hours),
    )
    return ClusterPlacement(database, shared_url, reconciler, settings.kubernetes.version), rounds


def tenant_at(dedicated_planes: Mapping[str, str], url: str) -> str:
    """Whose plane this is: one that the settings name, or one in the cluster. Raises ValueError."""
    named = {plane_url: tenant_id for tenant_id, plane_url in dedicated_planes.items()}
    return named[url] if url in named else blueprint.tenant_at(url)


def _reconciler(settings: KubernetesSettings, database: ControlDatabase) -> Reconciler:
    from control_plane.adapters.kubernetes import KubernetesCluster  # a second to import; most installations have none

    fields = {field.name for field in dataclasses.fields(blueprint.Blueprint)}
    return Reconciler(database, KubernetesCluster(), blueprint.Blueprint(**settings.model_dump(include=fields)))
