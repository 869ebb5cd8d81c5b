from datetime import UTC, datetime

from shared.errors import Conflict, FieldError, Forbidden, Invalid, NotFound, RateLimited, Unauthorized, Unavailable


class WrongCredentials(Unauthorized):
    """The same for an unknown address, a wrong password and a disabled account."""

    def __init__(self) -> None:
        super().__init__("The e-mail address or the password is wrong.")


class OtpRequired(Unauthorized):
    """Only after the right password."""

    code = "OTP_REQUIRED"

    def __init__(self) -> None:
        super().__init__("This account needs the code of its authenticator app as well.")


class WrongOtp(Unauthorized):
    """Wrong, too old, or used already."""

    code = "OTP_INVALID"

    def __init__(self) -> None:
        super().__init__("This code is wrong or was used already; take the next one.")


class AccountLocked(RateLimited):
    """The same whether there is such an account or not."""

    code = "ACCOUNT_LOCKED"

    def __init__(self, minutes: int) -> None:
        unit = "minute" if minutes == 1 else "minutes"
        super().__init__(
            f"There were too many wrong tries. The next one is possible in {minutes} {unit}.",
            retry_after_seconds=minutes * 60,
        )


class SessionNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("You have no such session.")


class SessionEnded(Unauthorized):
    """The same for a refresh token that is unknown, expired, used already, or of a session that was ended."""

    def __init__(self) -> None:
        super().__init__("This session has ended; sign in again.")


class NoSeat(Forbidden):
    """The same for a tenant that does not exist, that the user is no member of, or that is not active.

    ``going``: the name of the member's tenant that is to be deleted, and when.
    """

    def __init__(self, tenant_id: str | None, going: tuple[str, datetime] | None = None) -> None:
        super().__init__(
            f"{going[0]} is to be deleted on {going[1].astimezone(UTC).date()} (UTC); until then it can be restored."
            if going is not None
            else "You are not a member of any active tenant."
            if tenant_id is None
            else f"You are not a member of an active tenant {tenant_id}."
        )


class SsoRequired(Forbidden):
    code = "SSO_REQUIRED"

    def __init__(self, tenant_id: str) -> None:
        super().__init__(f"Members of {tenant_id} sign in through its single sign-on, not with a password.")


class NotAMember(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such member.")


class LastAdmin(Conflict):
    code = "LAST_ADMIN"

    def __init__(self) -> None:
        super().__init__("This is the tenant's last admin; make somebody else an admin first.")


class LastBreakGlass(Conflict):
    code = "LAST_BREAK_GLASS"

    def __init__(self) -> None:
        super().__init__(
            "This is the last admin whose password opens the tenant, should its single sign-on fail; name another one"
            " for that first."
        )


class EmailTaken(Conflict):
    def __init__(self, email: str) -> None:
        super().__init__(f"There is a user {email} already.")


class AccountExists(Conflict):
    code = "ACCOUNT_EXISTS"

    def __init__(self) -> None:
        super().__init__("There is an account with this address already; sign in to accept the invitation.")


class RegistrationClosed(Forbidden):
    code = "REGISTRATION_CLOSED"

    def __init__(self) -> None:
        super().__init__("This installation takes new people by invitation only.")


class InvitationNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such open invitation.")


class InvitationInvalid(NotFound):
    """The same for a token that is unknown, used, revoked or expired."""

    code = "INVITATION_INVALID"

    def __init__(self) -> None:
        super().__init__("This invitation is not valid any more; ask for a new one.")


class InvitedSomebodyElse(Forbidden):
    code = "INVITED_SOMEBODY_ELSE"

    def __init__(self) -> None:
        super().__init__("This invitation is for another e-mail address than the one you are signed in with.")


class ResetInvalid(Invalid):
    """The same for a token that is unknown, used or expired."""

    code = "RESET_INVALID"

    def __init__(self) -> None:
        super().__init__("This link is not valid any more; ask for a new one.")


class TenantNotNamed(Invalid):
    def __init__(self) -> None:
        message = "name the tenant"
        super().__init__(f"query.tenant_id: {message}", errors=[FieldError(field="query.tenant_id", message=message)])


class FactorExists(Conflict):
    def __init__(self) -> None:
        super().__init__("This account has an authenticator app already; remove it first.")


class NoFactorBegun(Conflict):
    def __init__(self) -> None:
        super().__init__("Begin with POST /api/auth/totp, then confirm with a code of the app.")


class NoFactor(NotFound):
    def __init__(self) -> None:
        super().__init__("This account has no second factor.")


class FactorRequired(Conflict):
    def __init__(self) -> None:
        super().__init__("A super-admin can't be without a second factor.")


class NotForAdmins(Forbidden):
    """The same for a super-admin and for a member of other tenants, which an admin need not know about."""

    def __init__(self) -> None:
        super().__init__("Only a super-admin can do this for this person.")


class KeyWaiting(Conflict):
    def __init__(self) -> None:
        super().__init__("A new signing key is published already and signs soon; rotate again after that.")


class ImpersonationNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such impersonation.")


class NobodyToImpersonate(Conflict):
    def __init__(self, tenant_id: str) -> None:
        super().__init__(f"Nobody can work in {tenant_id} now.")


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


class MailNotConfigured(Conflict):
    """Unlike MailNotSent this stays so: trying again is no use."""

    code = "MAIL_NOT_CONFIGURED"

    def __init__(self) -> None:
        super().__init__("This installation sends no mail; ask an administrator for help.")


class MailNotSent(Unavailable):
    """``detail`` is for whoever asked for the mail; the log knows more."""
