"""What can go wrong with incidents, in words a caller may see."""

from datetime import datetime

from shared.errors import Conflict, InvalidTransition, NotFound, PreconditionFailed
from shared.fields import rfc3339
from tenant_plane.incidents.rules import NEXT, Status


class IncidentNotFound(NotFound):
    def __init__(self, reference: str) -> None:
        super().__init__(f"There is no incident {reference[:60]}.")


class IllegalMove(InvalidTransition):
    def __init__(self, current: Status, wanted: Status) -> None:
        possible = ", ".join(NEXT[current]) or "nothing"
        super().__init__(f"An incident that is {current} cannot become {wanted}; possible: {possible}.")


class AlreadyResolved(Conflict):
    """Says who was faster, and when."""

    def __init__(self, reference: str, status: Status, who: str | None, when: datetime | None) -> None:
        by = f": {who} resolved it" if who else ""
        at = f" at {rfc3339(when)}" if who and when else ""
        super().__init__(f"{reference} is already {status}{by}{at}.")


class ChangedMeanwhile(PreconditionFailed):
    """Somebody was faster; says who, what and when, as the newest timeline entry has it."""

    def __init__(self, reference: str, who: str, what: str, when: datetime) -> None:
        super().__init__(f"{reference} was changed by {who} at {rfc3339(when)} ({what}); read it again.")
