from shared.errors import Conflict, Forbidden, Invalid, NotFound, Unauthorized


class ScimTokenInvalid(Unauthorized):
    def __init__(self) -> None:
        super().__init__("This needs Authorization: Bearer with the tenant's SCIM token.")


class NoScimToken(NotFound):
    def __init__(self) -> None:
        super().__init__("This tenant has no SCIM token.")


class TenantClosed(Forbidden):
    def __init__(self) -> None:
        super().__init__("This tenant is not active at present.")


class ScimUserNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such user.")


class UserNameTaken(Conflict):
    def __init__(self, user_name: str) -> None:
        super().__init__(f"There is a user {user_name} in this tenant already.")


class AccountElsewhere(Conflict):
    """A directory can't take over an account; its owner has to accept an invitation."""

    def __init__(self, email: str) -> None:
        super().__init__(f"{email} has an account already that is not in this tenant; invite it there.")


class BreakGlass(Conflict):
    def __init__(self) -> None:
        super().__init__("This is a break-glass admin, whom a directory neither deactivates nor gives another role.")


class NoAddress(Invalid):
    def __init__(self) -> None:
        super().__init__("A user needs an e-mail address: in emails, or as userName.")


class UnknownRole(Invalid):
    def __init__(self, value: str) -> None:
        super().__init__(f"roles: {value!r} is none of viewer, operator, admin.")
