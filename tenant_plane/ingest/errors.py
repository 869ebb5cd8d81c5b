"""What can go wrong with dead letters, in words a caller may see."""

from uuid import UUID

from shared.errors import Conflict, Invalid, NotFound
from tenant_plane.usage.schemas import HoldReason


class MustBeHeld(Exception):
    """For the doors, never for a caller: nothing was stored, and the body is to be kept until it may be processed."""

    def __init__(self, reason: HoldReason) -> None:
        super().__init__(reason)
        self.reason = reason


class DeadLetterNotFound(NotFound):
    def __init__(self, letter_id: UUID) -> None:
        super().__init__(f"There is no dead letter {letter_id}.")


class AlreadyReplayed(Conflict):
    def __init__(self, letter_id: UUID) -> None:
        super().__init__(f"The dead letter {letter_id} was replayed before.")


class StillUnreadable(Invalid):
    def __init__(self, why: str) -> None:
        super().__init__(f"It still can't be read: {why}")
