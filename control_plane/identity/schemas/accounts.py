"""Accounts: made, changed, registered; their passwords and second factors."""

from typing import Annotated, Self
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import MISSING, AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from control_plane.identity.schemas.sessions import OneTimeCode, Password, Token
from shared.fields import Email, ShortText

NewPassword = Annotated[SecretStr, Field(min_length=8, max_length=1024)]


def _time_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("is not a time zone of the IANA database, as in Europe/Madrid")
    return value


TimeZone = Annotated[str, Field(max_length=60), AfterValidator(_time_zone)]


class UserCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email: Email
    name: ShortText
    password_hash: str
    is_super_admin: bool = False


class UserRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    email: str
    name: str
    is_super_admin: bool


class Register(BaseModel):
    """With the ``token`` of an invitation, whose address becomes the account's; or with an ``email``, where the
    installation is open: then the account belongs to no tenant until it is invited to one.
    """

    model_config = ConfigDict(extra="forbid")

    token: Token | None = None
    email: Email | None = None
    name: ShortText
    password: NewPassword

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if (self.token is None) == (self.email is None):
            raise ValueError("give either token or email")
        return self


class RegistrationRead(BaseModel):
    """``is_open``: anybody may make an account; otherwise an invitation is needed."""

    is_open: bool


class Registered(BaseModel):
    """``tenant_id`` and ``role``: where the invitation led; sign in to work there."""

    id: UUID
    email: str
    name: str
    tenant_id: str | None
    role: str | None


class ProfilePut(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: ShortText
    time_zone: TimeZone | None = None


class ProfilePatch(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: ShortText | MISSING = MISSING
    time_zone: TimeZone | None | MISSING = MISSING


class PasswordChange(BaseModel):
    model_config = ConfigDict(extra="forbid")

    old_password: Password
    new_password: NewPassword


class PasswordChangedAnswer(BaseModel):
    """``sessions_ended``: the other ones; the one that asked goes on."""

    changed: bool
    sessions_ended: int


class Forgotten(BaseModel):
    model_config = ConfigDict(extra="forbid")

    email: Email


class MailOnItsWay(BaseModel):
    """The same whether there is such an account or not."""

    requested: bool


class PasswordResetCommand(BaseModel):
    model_config = ConfigDict(extra="forbid")

    token: Token
    password: NewPassword


class PasswordResetDone(BaseModel):
    reset: bool


class FactorBegin(BaseModel):
    model_config = ConfigDict(extra="forbid")

    password: Password


class FactorBegun(BaseModel):
    """``qr_svg`` is an <svg> element with ``otpauth_uri`` in it. Confirm with a code of the app."""

    secret: str
    otpauth_uri: str
    qr_svg: str


class FactorConfirm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    code: OneTimeCode


class RecoveryCodes(BaseModel):
    """Shown once; each stands for one code of the app, once. ``must_sign_in``: this session stays what it was."""

    recovery_codes: list[str]
    must_sign_in: bool


class FactorRemove(BaseModel):
    model_config = ConfigDict(extra="forbid")

    password: Password
    otp: OneTimeCode


class FactorRemoved(BaseModel):
    removed: bool


class DemoAccount(BaseModel):
    """``otp``: a code that counts now, for an account that needs one; null when all of this moment are used."""

    email: str
    password: str
    tenant_id: str | None
    role: str
    label: str
    otp: str | None = None


class DemoAccounts(BaseModel):
    accounts: list[DemoAccount]
