"""A tenant gets a plane of its own, step by step, and loses it again."""

import asyncio

import pytest

from control_plane.provisioning.errors import ClusterAway
from control_plane.provisioning.manifests.blueprint import Wanted
from control_plane.provisioning.manifests.plane import objects
from control_plane.provisioning.rules import SIZES, DeploymentState
from control_plane.tenants.errors import PlacementNotReady
from control_plane.tenants.rules import Where
from tests.control_plane.provisioning.support import BLUEPRINT, SHARED_URL, Fleet, Tenant

URL = "http://api.tenant-acme.svc"
EVERYTHING = {
    ("resourcequotas", "bounds"),
    ("limitranges", "bounds"),
    ("networkpolicies", "deny-everything"),
    ("networkpolicies", "allow-requests"),
    ("networkpolicies", "allow-needs"),
    ("serviceaccounts", "tenant-plane"),
    ("secrets", "database"),
    ("deployments", "api"),
    ("deployments", "worker"),
    ("services", "api"),
    ("poddisruptionbudgets", "api"),
    ("horizontalpodautoscalers", "api"),
    ("httproutes", "origin"),
    ("httproutes", "own-host"),
}
APPLIES = len(objects(BLUEPRINT, Wanted("acme", "1.0.0", SIZES["medium"])))


async def test_a_shared_tenant_needs_no_cluster(fleet: Fleet) -> None:
    assert await fleet.placement.ensure(Tenant("acme", placement=Where.SHARED)) == SHARED_URL
    assert fleet.fake.asked == []


async def test_a_dedicated_plane_is_made_in_order(fleet: Fleet) -> None:
    assert await fleet.placement.ensure(await fleet.tenant("acme")) == URL
    assert fleet.names("tenant-acme") == EVERYTHING
    changes = fleet.fake.changes()
    assert changes[0] == "patch Namespace tenant-acme"
    assert changes.index("patch NetworkPolicy deny-everything") < changes.index("patch Deployment api")
    assert changes[-2:] == ["patch HTTPRoute origin", "patch HTTPRoute own-host"]
    seen = await fleet.deployment("acme")
    assert (seen.state, seen.ready, seen.actual_version, seen.size) == ("ready", True, "1.0.0", "medium")


async def test_it_says_what_it_waits_for_and_never_waits(fleet: Fleet) -> None:
    tenant = await fleet.tenant("acme")
    fleet.fake.cluster.is_settling = False
    with pytest.raises(PlacementNotReady) as refused:
        await fleet.placement.ensure(tenant)
    assert (refused.value.step, refused.value.status) == ("pods", 503)
    assert "the cluster has not looked at it yet" in refused.value.detail
    assert (await fleet.deployment("acme")).state is DeploymentState.WAITING
    fleet.fake.cluster.settle()
    assert await fleet.placement.ensure(tenant) == URL


async def test_a_settled_plane_is_answered_without_asking_the_cluster(fleet: Fleet) -> None:
    tenant = await fleet.tenant("acme")
    await fleet.placement.ensure(tenant)
    fleet.fake.asked.clear()
    assert await fleet.placement.ensure(tenant) == URL
    assert fleet.fake.asked == []


@pytest.mark.parametrize("stopped_after", range(APPLIES))
async def test_what_was_stopped_anywhere_is_completed(fleet: Fleet, stopped_after: int) -> None:
    tenant = await fleet.tenant("acme")
    fleet.fake.applies_left = stopped_after
    assert "objects" in await fleet.is_ready(tenant)
    assert len(fleet.fake.cluster.objects) == stopped_after
    fleet.fake.applies_left = None
    await fleet.round()
    assert await fleet.is_ready(tenant) == URL
    assert fleet.names("tenant-acme") == EVERYTHING


async def test_killed_between_the_wish_and_the_cluster(fleet: Fleet) -> None:
    """The wish is committed; the next process brings it about without being asked."""
    tenant = await fleet.tenant("acme")
    with pytest.raises(asyncio.CancelledError):
        await _cancelled(fleet, tenant)
    assert fleet.fake.cluster.objects == {}
    await fleet.round()
    assert (await fleet.deployment("acme")).state is DeploymentState.READY


async def _cancelled(fleet: Fleet, tenant: Tenant) -> None:
    async def dies(*_: object) -> None:
        raise asyncio.CancelledError

    fleet.reconciler.cluster.read = dies  # type: ignore[assignment, method-assign]
    try:
        await fleet.placement.ensure(tenant)
    finally:
        del fleet.reconciler.cluster.read


async def test_two_reconcilers_at_once_do_no_harm(fleet: Fleet) -> None:
    tenant = await fleet.tenant("acme")
    answers = await asyncio.gather(*(fleet.is_ready(tenant) for _ in range(4)), fleet.round(), fleet.round())
    assert set(answers[:4]) == {URL}
    assert fleet.names("tenant-acme") == EVERYTHING
    assert {one["metadata"]["generation"] for one in fleet.fake.cluster.objects.values()} == {1}


async def test_routes_come_with_the_switch_and_go_with_the_move_back(fleet: Fleet) -> None:
    tenant = await fleet.tenant("acme", is_serving=False)
    await fleet.placement.ensure(tenant)
    assert fleet.names("tenant-acme") == {name for name in EVERYTHING if name[0] != "httproutes"}
    await fleet.placement.ensure(Tenant("acme"))
    assert fleet.names("tenant-acme") == EVERYTHING
    back = Tenant("acme", placement=Where.SHARED)
    assert await fleet.placement.ensure(back) == SHARED_URL
    assert fleet.names("tenant-acme") == {name for name in EVERYTHING if name[0] != "httproutes"}
    fleet.fake.asked.clear()
    await fleet.placement.ensure(back)
    assert fleet.fake.asked == []


async def test_a_source_that_still_serves_keeps_its_destination_waiting_in_peace(fleet: Fleet) -> None:
    """While a tenant moves, both places are asked for in turn."""
    await fleet.placement.ensure(await fleet.tenant("acme", is_serving=False))
    fleet.fake.asked.clear()
    assert await fleet.placement.ensure(Tenant("acme", placement=Where.SHARED)) == SHARED_URL
    assert fleet.fake.asked == []
    assert (await fleet.deployment("acme")).state is DeploymentState.READY


async def test_it_is_not_led_back_before_the_routes_are_gone(fleet: Fleet) -> None:
    await fleet.placement.ensure(await fleet.tenant("acme"))
    fleet.fake.forbidden.add(("delete", "httproutes"))
    back = Tenant("acme", placement=Where.SHARED)
    for _ in range(2):
        assert "lacks the right to delete httproutes" in await fleet.is_ready(back)
    fleet.fake.forbidden.clear()
    assert await fleet.is_ready(back) == SHARED_URL
    assert ("httproutes", "origin") not in fleet.names("tenant-acme")


async def test_removing_takes_the_namespace_and_then_the_record(fleet: Fleet) -> None:
    await fleet.placement.ensure(await fleet.tenant("acme"))
    fleet.fake.cluster.keeps_namespaces = True
    await fleet.placement.remove("acme")
    assert (await fleet.deployment("acme")).state is DeploymentState.REMOVING
    await fleet.round()
    assert "being removed" in str((await fleet.deployment("acme")).last_error)
    fleet.fake.cluster.finish_namespaces()
    await fleet.round()
    assert fleet.fake.cluster.objects == {}
    assert await fleet.control.sql("select tenant_id from deployments") == []
    assert [one.verb for one in fleet.fake.asked].count("delete") == 1
    await fleet.placement.remove("acme")


async def test_nothing_is_made_for_a_removal(fleet: Fleet) -> None:
    tenant = await fleet.tenant("acme")
    assert await fleet.placement.find(tenant) is None
    assert (fleet.fake.asked, await fleet.control.sql("select tenant_id from deployments")) == ([], [])
    await fleet.placement.ensure(tenant)
    assert await fleet.placement.find(tenant) == URL
    fleet.fake.cluster.keeps_namespaces = True
    await fleet.placement.remove("acme")
    assert await fleet.placement.find(tenant) is None
    assert (await fleet.deployment("acme")).state is DeploymentState.REMOVING


async def test_a_removal_that_the_cluster_did_not_hear_of_goes_on(fleet: Fleet) -> None:
    await fleet.placement.ensure(await fleet.tenant("acme"))
    fleet.fake.forbidden.add(("delete", "namespaces"))
    await fleet.placement.remove("acme")
    assert "lacks the right to delete namespaces" in str((await fleet.deployment("acme")).last_error)
    fleet.fake.forbidden.clear()
    for _ in range(2):
        await fleet.round()
    assert fleet.fake.cluster.objects == {}
    assert await fleet.control.sql("select tenant_id from deployments") == []


async def test_one_that_comes_back_waits_for_its_old_namespace(fleet: Fleet) -> None:
    tenant = await fleet.tenant("acme")
    await fleet.placement.ensure(tenant)
    fleet.fake.cluster.keeps_namespaces = True
    await fleet.placement.remove("acme")
    assert "still being removed" in await fleet.is_ready(tenant)
    await fleet.round()
    fleet.fake.cluster.finish_namespaces()
    assert await fleet.is_ready(tenant) == URL
    assert fleet.names("tenant-acme") == EVERYTHING


@pytest.mark.parametrize("labels", [{}, {"app.kubernetes.io/managed-by": "opsplane", "opsplane.io/tenant": "globex"}])
async def test_a_namespace_of_somebody_else_is_not_touched(fleet: Fleet, labels: dict[str, str]) -> None:
    theirs = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "tenant-acme", "labels": labels}}
    await fleet.reconciler.cluster.apply(theirs)
    before = dict(fleet.fake.cluster.objects)
    tenant = await fleet.tenant("acme")
    assert "was not made by Opsplane" in await fleet.is_ready(tenant)
    assert (await fleet.deployment("acme")).state is DeploymentState.FAILED
    await fleet.placement.remove("acme")
    assert fleet.fake.cluster.objects == before


async def test_what_the_cluster_lacks_is_said(fleet: Fleet) -> None:
    tenant = await fleet.tenant("acme")
    fleet.fake.missing.add("HTTPRoute")
    said = await fleet.is_ready(tenant)
    assert "does not know HTTPRoute (gateway.networking.k8s.io/v1)" in said
    assert (await fleet.deployment("acme")).last_error == said.removeprefix("objects: ")


async def test_a_missing_right_is_named(fleet: Fleet) -> None:
    tenant = await fleet.tenant("acme")
    fleet.fake.forbidden.add(("patch", "secrets"))
    assert "lacks the right to patch secrets" in await fleet.is_ready(tenant)


async def test_a_cluster_that_is_away_is_waited_for(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = await fleet.tenant("acme")

    async def away(*_: object, **__: object) -> None:
        raise ClusterAway("connection refused")

    with monkeypatch.context() as patch:
        patch.setattr(type(fleet.reconciler.cluster), "read", away)
        assert "does not answer: connection refused" in await fleet.is_ready(tenant)
    assert await fleet.is_ready(tenant) == URL


async def test_the_plans_limits_decide_the_size(fleet: Fleet) -> None:
    await fleet.placement.ensure(await fleet.tenant("acme", plan="free"))
    assert (await fleet.deployment("acme")).size == "small"
    await fleet.placement.ensure(Tenant("acme", plan="enterprise"))
    assert (await fleet.deployment("acme")).size == "large"
    assert fleet.live("horizontalpodautoscalers", "tenant-acme", "api")["spec"]["maxReplicas"] == 10
