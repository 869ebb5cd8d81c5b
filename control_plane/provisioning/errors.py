from uuid import UUID

from shared.errors import Conflict, FieldError, Invalid, InvalidTransition, NotFound, Unavailable


class ClusterProblem(Unavailable):
    """Something about the cluster; the work goes on later by itself."""


class ClusterAway(ClusterProblem):
    def __init__(self, why: str) -> None:
        super().__init__(f"The cluster does not answer: {why}.")


class ClusterRefused(ClusterProblem):
    """401 or 403: a missing right, a quota, PodSecurity, a namespace that is being removed; ``detail`` says which."""


class ClusterConflict(ClusterProblem):
    """409: something else holds the name, or changed it at the same moment."""


class ManifestRefused(ClusterProblem):
    """400 or 422: the cluster does not take the object as it is."""


class ClusterLacks(ClusterProblem):
    def __init__(self, what: str) -> None:
        super().__init__(f"The cluster does not know {what}; install what defines it.")


class NamespaceNotOurs(ClusterConflict):
    def __init__(self, namespace: str) -> None:
        super().__init__(f"The namespace {namespace} exists and was not made by Opsplane for this tenant.")


class RolloutNotFound(NotFound):
    def __init__(self, rollout_id: UUID) -> None:
        super().__init__(f"There is no rollout {rollout_id}.")


class RolloutOpen(Conflict):
    code = "ROLLOUT_OPEN"

    def __init__(self, rollout_id: UUID, version: str) -> None:
        super().__init__(f"The rollout of {version} ({rollout_id}) has not ended; resume or cancel it first.")


class NothingToRollOut(Conflict):
    def __init__(self, version: str) -> None:
        super().__init__(f"No dedicated plane would change: all run {version} already, or there are none.")


class CanaryUnknown(Invalid):
    def __init__(self, tenant_id: str) -> None:
        super().__init__(
            f"body.canary: {tenant_id} has no dedicated plane that would change",
            errors=[FieldError(field="body.canary", message="must be a tenant with a dedicated plane")],
        )


class RolloutNotResumable(InvalidTransition):
    def __init__(self, state: str) -> None:
        super().__init__(f"This rollout is {state}; only a stopped one can be resumed.")


class RolloutEnded(InvalidTransition):
    def __init__(self, state: str) -> None:
        super().__init__(f"This rollout is {state} already.")
