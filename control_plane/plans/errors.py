from shared.errors import Conflict, NotFound


class PlanNotFound(NotFound):
    def __init__(self, name: str, version: int | None = None) -> None:
        super().__init__(f"There is no plan {name}." if version is None else f"Plan {name} has no version {version}.")


class PlanDiffers(Conflict):
    def __init__(self, name: str, version: int) -> None:
        super().__init__(f"Version {version} of plan {name} has other limits here than where this comes from.")
