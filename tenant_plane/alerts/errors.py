"""What can go wrong with alerts, in words a caller may see."""

from uuid import UUID

from shared.errors import NotFound


class AlertNotFound(NotFound):
    def __init__(self, alert_id: UUID) -> None:
        super().__init__(f"There is no alert {alert_id}.")
