"""What is recorded about people. Audited ones carry no secret; ``audited_tenant`` is whose admins may read them."""

from typing import ClassVar
from uuid import UUID

from control_plane.identity.rules import Method, Role
from shared.fields import Timestamp
from shared.tx import AuditedEvent, TenantAuditedEvent


class _UserEvent(AuditedEvent):
    about: ClassVar[str] = "user:{0.user_id}"

    user_id: UUID


class _MemberEvent(_UserEvent, TenantAuditedEvent):
    pass


class _AccountEvent(_UserEvent):
    """``tenant_id``: whose admins may read it; null for super-admins only."""

    tenant_id: str | None = None

    @property
    def audited_tenant(self) -> str | None:
        return self.tenant_id


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


class FactorGone(_AccountEvent):
    """``tenant_id``: whose admin took it away; null for the person themselves and for super-admins."""

    kind: ClassVar[str] = "user.second_factor_removed"


class UserUnlocked(_AccountEvent):
    kind: ClassVar[str] = "user.unlocked"


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


class _InvitationEvent(TenantAuditedEvent):
    about: ClassVar[str] = "invitation:{0.invitation_id}"

    invitation_id: UUID
    email: str
    role: Role


class InvitationMade(_InvitationEvent):
    kind: ClassVar[str] = "invitation.created"


class InvitationRenewed(_InvitationEvent):
    kind: ClassVar[str] = "invitation.resent"


class InvitationWithdrawn(_InvitationEvent):
    kind: ClassVar[str] = "invitation.revoked"


class InvitationTaken(_InvitationEvent):
    kind: ClassVar[str] = "invitation.accepted"

    user_id: UUID


class SessionStarted(_AccountEvent):
    kind: ClassVar[str] = "session.started"

    session_id: UUID
    method: Method
    has_second_factor: bool


class SessionRevoked(_AccountEvent):
    kind: ClassVar[str] = "session.revoked"

    session_id: UUID
    reason: str


class SignInFailed(AuditedEvent):
    """The first wrong one after a success, a wait or a quiet time; the others until the next wait are only counted."""

    kind: ClassVar[str] = "sign_in.failed"
    about: ClassVar[str] = "email:{0.email}"
    refused: ClassVar[bool] = True

    email: str


class SignInLocked(SignInFailed):
    """``from_known_address``: the wait holds for a network address that the account was signed in from before; else
    for all others together.
    """

    kind: ClassVar[str] = "sign_in.locked"

    locked_until: Timestamp
    waits: int
    from_known_address: bool


class SigningKeyRotated(AuditedEvent):
    kind: ClassVar[str] = "signing_key.rotated"
    about: ClassVar[str] = "signing_key:{0.kid}"

    kid: str
    active_from: Timestamp
    immediately: bool
    retired: list[str]


class _ImpersonationEvent(TenantAuditedEvent):
    about: ClassVar[str] = "impersonation:{0.impersonation_id}"

    impersonation_id: UUID
    by: str


class ImpersonationBegun(_ImpersonationEvent):
    kind: ClassVar[str] = "impersonation.started"

    reason: str
    read_only: bool
    ends_at: Timestamp


class ImpersonationEnded(_ImpersonationEvent):
    kind: ClassVar[str] = "impersonation.ended"
