"""What can go wrong with dead letters, in words a caller may see."""

from uuid import UUID

from shared.errors import Conflict, Invalid, NotFound


class DeadLetterNotFound(NotFound):
    def __init__(self, letter_id: UUID) -> None:
        super().__init__(f"There is no dead letter {letter_id}.")


class AlreadyReplayed(Conflict):
    def __init__(self, letter_id: UUID) -> None:
        super().__init__(f"The dead letter {letter_id} was replayed before.")


class StillUnreadable(Invalid):
    def __init__(self, why: str) -> None:
        super().__init__(f"It still can't be read: {why}")
