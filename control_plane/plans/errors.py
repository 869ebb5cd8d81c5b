from shared.errors import NotFound


class PlanNotFound(NotFound):
    def __init__(self, name: str, version: int | None = None) -> None:
        super().__init__(f"There is no plan {name}." if version is None else f"Plan {name} has no version {version}.")
