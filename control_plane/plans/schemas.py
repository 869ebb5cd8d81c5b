from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from shared.contracts.limits import Limits
from shared.fields import Text, Timestamp
from shared.tx import AuditedEvent

Placement = Literal["shared", "dedicated"]
"""Where a tenant of this plan runs: in a cell with others, or in a deployment of its own."""
PlanName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,38}$")]
Count = Annotated[int, Field(ge=0, lt=2**53)]
PerMinute = Annotated[int, Field(ge=1, le=1_000_000)]


class RequestsPerMinuteSet(BaseModel):
    model_config = ConfigDict(extra="forbid")

    viewer: PerMinute = 100
    operator: PerMinute = 500
    admin: PerMinute = 1000


class LimitsSet(BaseModel):
    """All of ``shared.contracts.limits.Limits``, to be named one by one: null means no limit."""

    model_config = ConfigDict(extra="forbid")

    users: Annotated[int, Field(ge=1, lt=2**53)] | None
    api_keys: Count | None
    events_per_month: Count | None
    incidents_per_month: Count | None
    integrations: Count | None
    retention_days: Annotated[int, Field(ge=1, le=36_500)] | None
    requests_per_minute: RequestsPerMinuteSet = RequestsPerMinuteSet()


class PlanCreate(BaseModel):
    """A new plan, or the next version of one that is there. Tenants keep the version they have until they are moved.

    ``rank`` orders plans from small to large; left out: as before, or behind all others. ``price_cents`` a month; null:
    not for sale online.
    """

    model_config = ConfigDict(extra="forbid")

    name: PlanName = Field(examples=["pro"])
    limits: LimitsSet
    rank: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    placement: Placement = "shared"
    price_cents: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    currency: Annotated[str, StringConstraints(pattern=r"^[a-z]{3}$")] | None = None
    stripe_price_lookup_key: Annotated[Text, Field(min_length=1, max_length=200)] | None = None

    @model_validator(mode="after")
    def _a_price_has_a_currency(self) -> Self:
        if (self.price_cents is None) != (self.currency is None):
            raise ValueError("price_cents and currency belong together")
        if self.stripe_price_lookup_key is not None and self.price_cents is None:
            raise ValueError("stripe_price_lookup_key needs price_cents")
        return self


class PlanRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    name: str
    version: int
    rank: int
    limits: Limits
    placement: Placement
    price_cents: int | None
    currency: str | None
    stripe_price_lookup_key: str | None
    created_at: Timestamp


class PlanVersionCreated(AuditedEvent):
    """``before`` is null for a new plan."""

    kind: ClassVar[str] = "plan.version_created"
    about: ClassVar[str] = "plan:{0.name}"

    name: str
    version: int
    before: PlanRead | None
    after: PlanRead
