from shared.errors import Conflict, Forbidden, Invalid, NotFound, Unauthorized, Unavailable


class WrongCredentials(Unauthorized):
    """The same for an unknown address, a wrong password and a disabled account."""

    def __init__(self) -> None:
        super().__init__("The e-mail address or the password is wrong.")


class SessionEnded(Unauthorized):
    """The same for a refresh token that is unknown, expired, used already, or of a session that was ended."""

    def __init__(self) -> None:
        super().__init__("This session has ended; sign in again.")


class NoSeat(Forbidden):
    """The same for a tenant that does not exist, that the user is no member of, or that is not active."""

    def __init__(self, tenant_id: str | None) -> None:
        super().__init__(
            "You are not a member of any active tenant."
            if tenant_id is None
            else f"You are not a member of an active tenant {tenant_id}."
        )


class EmailTaken(Conflict):
    def __init__(self, email: str) -> None:
        super().__init__(f"There is a user {email} already.")


class UserNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such user.")


class WeakPassword(Invalid):
    def __init__(self, least: int) -> None:
        super().__init__(f"A password needs at least {least} characters.")


class TooManySignIns(Unavailable):
    def __init__(self) -> None:
        super().__init__("Too many people sign in at this moment.", retry_after_seconds=2)


class NotADemo(NotFound):
    def __init__(self) -> None:
        super().__init__("This is not a demo installation.")


class DemoAccountsUnreadable(Unavailable):
    def __init__(self) -> None:
        super().__init__("The demo accounts can't be read at this moment.", retry_after_seconds=2)
