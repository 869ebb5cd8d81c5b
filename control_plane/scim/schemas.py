"""SCIM's own models come from scim2-models; this is the part of a user that we keep, and no more.

What a directory sends beyond it (phone numbers, addresses, managers …) is accepted and dropped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import BaseModel
from scim2_models import (
    URN,
    ComplexAttribute,
    ExtensibleStringEnum,
    Name,
    Required,
    Resource,
    ScimPolicy,
    Uniqueness,
)

from control_plane.identity.rules import Role
from shared.fields import Timestamp
from shared.tx import TenantAuditedEvent

POLICY = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)
"""What Entra and Okta send and the standard does not know: attributes beyond ours, and Entra's ways to patch."""


class ScimEmail(ComplexAttribute):
    value: Annotated[str | None, Required.true] = None
    """The address."""

    type: str | None = None
    """Work, home or other."""

    primary: bool | None = None


class ScimRole(ComplexAttribute):
    class Value(ExtensibleStringEnum):
        viewer = "viewer"
        operator = "operator"
        admin = "admin"

    value: Value | None = None
    """The member's role here."""

    primary: bool | None = None


class ScimUser(Resource[Any]):
    """``roles``: the member's one role here."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Uniqueness.server, Required.true] = None
    """What the directory knows the user by, usually an e-mail address."""

    name: Name | None = None
    """The parts of the user's name."""

    display_name: str | None = None
    """The name as it is shown."""

    active: bool | None = None
    """Whether the user may work in this tenant."""

    emails: list[ScimEmail] | None = None
    """The primary one, or else the first, names the account."""

    roles: list[ScimRole] | None = None
    """The member's role in this tenant: viewer, operator or admin."""


class PublishedUser(ScimUser):
    """As we describe a user to directories. Without emails we take a userName that is an address, and refuse others."""

    emails: Annotated[list[ScimEmail] | None, Required.true] = None


@dataclass(frozen=True, slots=True)
class ScimPage:
    users: Sequence[ScimUser]
    total: int
    start_index: int


class ScimTokenRead(BaseModel):
    """``last_used_at`` and ``last_refused_at``: to the minute. ``last_refusal``: what was asked for and why it was not
    done, as in ``POST /Users: There is a user ana in this tenant already.``
    """

    created_at: Timestamp
    last_used_at: Timestamp | None
    last_refused_at: Timestamp | None
    last_refusal: str | None


class ScimRead(BaseModel):
    """``base_url`` is what the directory asks for as tenant URL or SCIM connector base URL. ``token`` is null while no
    directory has one.
    """

    base_url: str
    token: ScimTokenRead | None


class ScimTokenMade(ScimTokenRead):
    """``token`` is shown this once."""

    base_url: str
    token: str


class ScimTokenCreated(TenantAuditedEvent):
    kind: ClassVar[str] = "scim.token_created"

    is_replaced: bool


class ScimTokenDeleted(TenantAuditedEvent):
    kind: ClassVar[str] = "scim.token_deleted"


class ScimUserChanged(TenantAuditedEvent):
    kind: ClassVar[str] = "scim.user_changed"
    about: ClassVar[str] = "user:{0.user_id}"

    user_id: UUID
    change: str
    user_name: str
    is_active: bool
    role: Role
