"""What is recorded about people. Audited ones carry no secret; ``audited_tenant`` is whose admins may read them."""

from typing import ClassVar
from uuid import UUID

from control_plane.identity.rules import Method, Role
from shared.fields import Timestamp
from shared.tx import Event


class _UserEvent(Event):
    audited: ClassVar[bool] = True

    user_id: UUID

    @property
    def target(self) -> str:
        return f"user:{self.user_id}"


class UserCreated(_UserEvent):
    kind: ClassVar[str] = "user.created"

    is_super_admin: bool


class UserRegistered(_UserEvent):
    kind: ClassVar[str] = "user.registered"

    email: str


class ProfileChanged(_UserEvent):
    kind: ClassVar[str] = "user.profile_changed"

    before: dict[str, str | None]
    after: dict[str, str | None]


class PasswordChanged(_UserEvent):
    kind: ClassVar[str] = "user.password_changed"

    sessions_ended: int


class PasswordResetRequested(_UserEvent):
    kind: ClassVar[str] = "user.password_reset_requested"


class PasswordWasReset(_UserEvent):
    kind: ClassVar[str] = "user.password_reset"

    sessions_ended: int


class FactorConfirmed(_UserEvent):
    kind: ClassVar[str] = "user.second_factor_confirmed"


class RecoveryCodeUsed(_UserEvent):
    kind: ClassVar[str] = "user.recovery_code_used"

    left: int


class FactorGone(_UserEvent):
    """``tenant_id``: whose admin took it away; null for the person themselves and for super-admins."""

    kind: ClassVar[str] = "user.second_factor_removed"

    tenant_id: str | None = None

    @property
    def audited_tenant(self) -> str | None:
        return self.tenant_id


class UserUnlocked(_UserEvent):
    kind: ClassVar[str] = "user.unlocked"

    tenant_id: str | None = None

    @property
    def audited_tenant(self) -> str | None:
        return self.tenant_id


class _MemberEvent(_UserEvent):
    tenant_id: str

    @property
    def audited_tenant(self) -> str | None:
        return self.tenant_id


class MemberAdded(_MemberEvent):
    kind: ClassVar[str] = "member.added"

    role: Role


class MemberRoleChanged(_MemberEvent):
    kind: ClassVar[str] = "member.role_changed"

    before: Role
    after: Role


class MemberDeactivated(_MemberEvent):
    kind: ClassVar[str] = "member.deactivated"


class MemberReactivated(_MemberEvent):
    kind: ClassVar[str] = "member.reactivated"


class MemberRemoved(_MemberEvent):
    kind: ClassVar[str] = "member.removed"

    role: Role


class _InvitationEvent(Event):
    audited: ClassVar[bool] = True

    invitation_id: UUID
    tenant_id: str
    email: str
    role: Role

    @property
    def target(self) -> str:
        return f"invitation:{self.invitation_id}"

    @property
    def audited_tenant(self) -> str | None:
        return self.tenant_id


class InvitationMade(_InvitationEvent):
    kind: ClassVar[str] = "invitation.created"


class InvitationRenewed(_InvitationEvent):
    kind: ClassVar[str] = "invitation.resent"


class InvitationWithdrawn(_InvitationEvent):
    kind: ClassVar[str] = "invitation.revoked"


class InvitationTaken(_InvitationEvent):
    kind: ClassVar[str] = "invitation.accepted"

    user_id: UUID


class SessionStarted(_UserEvent):
    kind: ClassVar[str] = "session.started"

    session_id: UUID
    tenant_id: str | None
    method: Method
    has_second_factor: bool

    @property
    def audited_tenant(self) -> str | None:
        return self.tenant_id


class SessionRevoked(_UserEvent):
    kind: ClassVar[str] = "session.revoked"

    session_id: UUID
    tenant_id: str | None
    reason: str

    @property
    def audited_tenant(self) -> str | None:
        return self.tenant_id


class SignInFailed(Event):
    """The first wrong one after a success, a wait or a quiet time; the others until the next wait are only counted."""

    kind: ClassVar[str] = "sign_in.failed"
    audited: ClassVar[bool] = True
    refused: ClassVar[bool] = True

    email: str

    @property
    def target(self) -> str:
        return f"email:{self.email}"


class SignInLocked(SignInFailed):
    """``from_known_address``: the wait holds for a network address that the account was signed in from before; else
    for all others together.
    """

    kind: ClassVar[str] = "sign_in.locked"

    locked_until: Timestamp
    waits: int
    from_known_address: bool


class SigningKeyRotated(Event):
    kind: ClassVar[str] = "signing_key.rotated"
    audited: ClassVar[bool] = True

    kid: str
    active_from: Timestamp
    immediately: bool
    retired: list[str]

    @property
    def target(self) -> str:
        return f"signing_key:{self.kid}"


class _ImpersonationEvent(Event):
    audited: ClassVar[bool] = True

    impersonation_id: UUID
    tenant_id: str
    by: str

    @property
    def target(self) -> str:
        return f"impersonation:{self.impersonation_id}"

    @property
    def audited_tenant(self) -> str | None:
        return self.tenant_id


class ImpersonationBegun(_ImpersonationEvent):
    kind: ClassVar[str] = "impersonation.started"

    reason: str
    read_only: bool
    ends_at: Timestamp


class ImpersonationEnded(_ImpersonationEvent):
    kind: ClassVar[str] = "impersonation.ended"
