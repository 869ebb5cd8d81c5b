from uuid import UUID

from shared.errors import FieldError, Invalid, NotFound, QuotaExceeded


class LimitNotFound(NotFound):
    def __init__(self, limit_id: UUID) -> None:
        super().__init__(f"This tenant has no limit {limit_id}.")


class WrongGrant(Invalid):
    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}", errors=[FieldError(field=field, message=message)])


class NoRoomForUser(QuotaExceeded):
    def __init__(self, used: int, limit: int) -> None:
        super().__init__(
            f"The plan has room for {limit} users and {used} are members or invited;"
            " remove one, revoke an invitation, or ask for a larger plan."
        )
