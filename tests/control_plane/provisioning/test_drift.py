"""What somebody changed in the cluster is set right, as far as it is ours; and namespaces that nobody needs go."""

from datetime import timedelta

import pytest

from control_plane.adapters import kubernetes
from control_plane.provisioning.flows.rounds import Rounds
from control_plane.provisioning.manifests.blueprint import MANAGED_BY, OWNER, TENANT
from control_plane.provisioning.rules import DeploymentState
from tests.control_plane.provisioning.support import GRACE, Fleet
from tests.fakes.kubernetes.cluster import Manifest

NAMESPACE = "tenant-acme"


async def as_somebody_else(fleet: Fleet, monkeypatch: pytest.MonkeyPatch, manifest: Manifest) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(kubernetes, "FIELD_MANAGER", "somebody")
        await fleet.reconciler.cluster.apply(manifest)


def deployment(name: str = "api", **spec: object) -> Manifest:
    meta = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}


async def test_a_check_of_what_is_as_wanted_changes_nothing(fleet: Fleet) -> None:
    await fleet.placed("acme")
    fleet.fake.asked.clear()
    await fleet.check()
    assert len(fleet.fake.asked) > 20
    assert fleet.fake.changes() == []
    assert await fleet.events() == []


async def test_a_changed_field_is_set_right_and_told(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    await fleet.placed("acme")
    await as_somebody_else(fleet, monkeypatch, deployment("worker", replicas=0))
    fleet.fake.asked.clear()
    await fleet.check()
    assert fleet.live("deployments", NAMESPACE, "worker")["spec"]["replicas"] == 1
    assert fleet.fake.changes() == ["patch Deployment worker"]
    assert await fleet.events() == ["deployment.drift_repaired"]
    drift = await fleet.control.sql("select drift from deployments")
    assert drift == [(["Deployment worker: spec.replicas"],)]
    await fleet.check()
    assert await fleet.control.sql("select drift from deployments") == [([],)]


async def test_a_missing_object_is_made_again(fleet: Fleet) -> None:
    await fleet.placed("acme")
    await fleet.reconciler.cluster.delete("networking.k8s.io/v1", "NetworkPolicy", "deny-everything", NAMESPACE)
    await fleet.check()
    assert ("networkpolicies", "deny-everything") in fleet.names(NAMESPACE)
    assert await fleet.control.sql("select drift from deployments") == [
        (["NetworkPolicy deny-everything: was missing"],)
    ]


async def test_fields_of_others_are_left_alone(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """The autoscaler's replicas, somebody's annotation, a container that a mesh put in."""
    await fleet.placed("acme")
    mesh = {"name": "mesh", "image": "registry.example/mesh:1"}
    theirs = deployment(replicas=4, template={"spec": {"containers": [mesh]}})
    theirs["metadata"]["annotations"] = {"example.com/note": "theirs"}
    await as_somebody_else(fleet, monkeypatch, theirs)
    await as_somebody_else(fleet, monkeypatch, deployment("worker", replicas=0))
    await fleet.check()
    live = fleet.live("deployments", NAMESPACE, "api")
    assert live["spec"]["replicas"] == 4
    assert live["metadata"]["annotations"]["example.com/note"] == "theirs"
    assert {one["name"] for one in live["spec"]["template"]["spec"]["containers"]} == {"api", "mesh"}
    assert fleet.live("deployments", NAMESPACE, "worker")["spec"]["replicas"] == 1


async def test_pods_that_break_later_are_noticed(fleet: Fleet) -> None:
    await fleet.placed("acme")
    status = fleet.live("deployments", NAMESPACE, "api")["status"]
    status.update(availableReplicas=0, readyReplicas=0)
    await fleet.check()
    seen = await fleet.deployment("acme")
    assert (seen.state, seen.ready, seen.actual_version) == (DeploymentState.WAITING, False, "1.0.0")
    assert seen.last_error == "api: 1 of 1 updated, 0 available"


async def test_the_longest_not_looked_at_come_first_and_not_all_at_once(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("control_plane.provisioning.flows.rounds.DEPLOYMENTS_AT_ONCE", 2)
    await fleet.placed("acme", "globex", "initech")
    await fleet.control.execute("update deployments set checked_at = null where tenant_id = 'initech'")
    await fleet.control.execute(
        "update deployments set checked_at = checked_at - interval '1 h' where tenant_id = 'globex'"
    )
    fleet.fake.asked.clear()
    await fleet.check()
    assert {one.namespace for one in fleet.fake.asked} - {""} == {"tenant-initech", "tenant-globex"}
    fleet.fake.asked.clear()
    await fleet.rounds.reconcile_deployments()
    assert {one.namespace for one in fleet.fake.asked} - {""} == {"tenant-acme"}
    fleet.fake.asked.clear()
    await fleet.rounds.reconcile_deployments()
    assert fleet.fake.asked == []


async def test_what_is_under_way_and_what_is_settled_share_a_round(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are of either."""
    monkeypatch.setattr("control_plane.provisioning.flows.rounds.DEPLOYMENTS_AT_ONCE", 2)
    await fleet.placed("acme", "globex", "hooli", "initech")
    await fleet.control.execute("update deployments set state = 'waiting' where tenant_id in ('acme', 'globex')")
    fleet.control.clock.offset += timedelta(minutes=6)
    for expected in ({"tenant-acme", "tenant-hooli"}, {"tenant-globex", "tenant-initech"}):
        fleet.fake.asked.clear()
        await fleet.rounds.reconcile_deployments()
        assert {one.namespace for one in fleet.fake.asked} - {""} == expected


async def test_one_that_fails_keeps_nobody_from_their_turn(fleet: Fleet) -> None:
    await fleet.placed("acme", "globex")
    del fleet.fake.cluster.objects["services", "tenant-globex", "api"]
    fleet.live("namespaces", "", "tenant-acme")["metadata"]["labels"][TENANT] = "somebody"
    await fleet.check()
    assert ("services", "api") in fleet.names("tenant-globex")
    assert "was not made by Opsplane" in str((await fleet.deployment("acme")).last_error)


async def test_restricted_pod_security_holds(fleet: Fleet) -> None:
    """The fake refuses pods that the standard forbids, as the admission of a cluster does."""
    await fleet.placed("acme")
    assert (await fleet.deployment("acme")).ready
    pod = fleet.live("deployments", NAMESPACE, "api")["spec"]["template"]["spec"]
    pod["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True
    fleet.fake.cluster.settle()
    assert fleet.live("deployments", NAMESPACE, "api")["status"]["conditions"][0]["type"] == "ReplicaFailure"


# Orphans


async def orphaned(fleet: Fleet, tenant_id: str) -> None:
    """A namespace whose record is lost."""
    await fleet.placed(tenant_id)
    await fleet.control.execute(f"delete from deployments where tenant_id = '{tenant_id}'")
    await fleet.control.execute(f"update tenants set placement = 'shared' where tenant_id = '{tenant_id}'")


async def test_an_orphan_is_remembered_and_removed_after_its_grace_period(fleet: Fleet) -> None:
    await fleet.placed("globex")
    await orphaned(fleet, "acme")
    await fleet.rounds.sweep_orphans()
    assert await fleet.control.sql("select namespace, tenant_id from orphans") == [(NAMESPACE, "acme")]
    fleet.control.clock.offset += GRACE - timedelta(minutes=1)
    await fleet.rounds.sweep_orphans()
    assert ("namespaces", "", NAMESPACE) in fleet.fake.cluster.objects
    fleet.control.clock.offset += timedelta(minutes=2)
    await fleet.rounds.sweep_orphans()
    assert ("namespaces", "", NAMESPACE) not in fleet.fake.cluster.objects
    assert ("namespaces", "", "tenant-globex") in fleet.fake.cluster.objects
    assert await fleet.control.sql("select namespace from orphans") == []
    assert await fleet.events() == ["orphan.found", "orphan.removed"]


async def test_one_that_is_needed_again_is_forgotten(fleet: Fleet) -> None:
    await orphaned(fleet, "acme")
    await fleet.rounds.sweep_orphans()
    await fleet.control.execute("update tenants set placement = 'dedicated'")
    fleet.control.clock.offset += GRACE * 2
    await fleet.rounds.sweep_orphans()
    assert await fleet.control.sql("select namespace from orphans") == []
    assert ("namespaces", "", NAMESPACE) in fleet.fake.cluster.objects


async def test_a_namespace_of_nobody_we_know_is_an_orphan_too(fleet: Fleet) -> None:
    labels = {MANAGED_BY: OWNER, TENANT: "never-was"}
    meta = {"name": "tenant-never-was", "labels": labels}
    await fleet.reconciler.cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
    await fleet.rounds.sweep_orphans()
    assert await fleet.control.sql("select tenant_id from orphans") == [("never-was",)]


async def test_a_plane_of_a_tenant_that_is_gone_goes_too(fleet: Fleet) -> None:
    await fleet.placed("acme", "globex")
    await fleet.control.execute("update tenants set state = 'gone' where tenant_id = 'acme'")
    await fleet.rounds.sweep_orphans()
    for _ in range(2):
        await fleet.round()
    assert ("namespaces", "", NAMESPACE) not in fleet.fake.cluster.objects
    assert await fleet.control.sql("select tenant_id from deployments") == [("globex",)]


@pytest.mark.parametrize("label", [MANAGED_BY, TENANT])
async def test_what_is_not_labelled_as_ours_is_never_removed(fleet: Fleet, label: str) -> None:
    """Even if it was ours when it was found."""
    await orphaned(fleet, "acme")
    await fleet.rounds.sweep_orphans()
    fleet.control.clock.offset += GRACE * 2
    fleet.live("namespaces", "", NAMESPACE)["metadata"]["labels"][label] = "somebody-else"
    await fleet.rounds.sweep_orphans()
    assert ("namespaces", "", NAMESPACE) in fleet.fake.cluster.objects
    assert [one.verb for one in fleet.fake.asked].count("delete") == 0


async def test_without_a_cluster_there_is_nothing_to_sweep_or_repair(fleet: Fleet) -> None:
    rounds = Rounds(fleet.control.database, fleet.planes, {"shared": "http://shared-cell"})
    await rounds.sweep_orphans()
    await rounds.reconcile_deployments()
    await rounds.close()
    assert fleet.fake.asked == []
