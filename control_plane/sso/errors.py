from control_plane.sso.rules import Refusal
from shared.errors import (
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    NotFound,
    PreconditionFailed,
    Unauthorized,
    Unavailable,
)


class NoConnection(NotFound):
    def __init__(self) -> None:
        super().__init__("Single sign-on is not set up for this tenant.")


class SecretNeeded(Invalid):
    def __init__(self) -> None:
        super().__init__(
            "body.client_secret: the issuer has changed, so enter the client secret of the new one, or null for none.",
            errors=[FieldError(field="body.client_secret", message="is required when the issuer changes")],
        )


class NoWayBack(Invalid):
    def __init__(self) -> None:
        super().__init__(
            "body.break_glass_user_ids: before passwords are refused, name at least one admin who may always use one.",
            errors=[FieldError(field="body.break_glass_user_ids", message="must hold an admin when is_enforced")],
        )


class NotAnAdmin(Invalid):
    def __init__(self) -> None:
        super().__init__(
            "body.break_glass_user_ids: each must be an active admin of this tenant who has a password.",
            errors=[FieldError(field="body.break_glass_user_ids", message="must be admins who have a password")],
        )


class DomainNotClaimed(Invalid):
    def __init__(self, domain: str) -> None:
        super().__init__(
            f"body.domains: {domain} is not among the connection's email_domains.",
            errors=[FieldError(field="body.domains", message="must be among the connection's email_domains")],
        )


class ChangedMeanwhile(PreconditionFailed):
    def __init__(self) -> None:
        super().__init__("The connection was changed meanwhile; load it again and repeat your change.")


class SecretLost(Conflict):
    def __init__(self) -> None:
        super().__init__("The client secret can't be opened any more; an admin has to enter it again.")


class ProviderFailed(Unavailable):
    """``step``: discovery, issuer, keys, token, groups."""

    def __init__(self, step: str, detail: str) -> None:
        super().__init__(detail)
        self.step = step


class SignInRefused(Forbidden):
    """``detail`` is for the tenant's admins, in their audit log; the browser gets the code alone."""

    def __init__(self, refusal: Refusal, detail: str) -> None:
        super().__init__(detail)
        self.refusal = refusal


class ExchangeRefused(Unauthorized):
    """The same for a code that is unknown, used already, too old, or another browser's."""

    def __init__(self) -> None:
        super().__init__("This sign-in has expired; start again.")
