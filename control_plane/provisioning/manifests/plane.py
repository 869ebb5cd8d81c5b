"""All objects of one dedicated plane, in the order in which they are applied."""

from control_plane.provisioning.manifests import routes, surroundings, workloads
from control_plane.provisioning.manifests.blueprint import Blueprint, Manifest, Wanted

DEPLOYMENTS = ("api", "worker")


def objects(blueprint: Blueprint, wanted: Wanted) -> list[Manifest]:
    """The namespace first; what bounds and shields the pods before the pods; routes last, when there is a service."""
    secret = surroundings.database_secret(blueprint, wanted)
    return [
        surroundings.namespace(wanted),
        surroundings.quota(wanted),
        surroundings.limit_range(wanted),
        *surroundings.network_policies(blueprint, wanted),
        surroundings.service_account(wanted),
        *([] if secret is None else [secret]),
        workloads.api(blueprint, wanted, secret),
        workloads.worker(blueprint, wanted, secret),
        routes.service(wanted),
        workloads.disruption_budget(wanted),
        workloads.autoscaler(wanted),
        *routes.http_routes(blueprint, wanted),
    ]
