"""The control plane tells a tenant plane which tenants it serves; the plane keeps that as its own snapshot.

``PUT /internal/tenants/{tenant_id}`` with a token for this plane alone (``shared.tokens.plane_audience``).
Level-triggered: the whole wanted state each time, safe to repeat; the answer comes when the tenant is in that state.
``DELETE`` of the same path drops the tenant's schema and role; one that is not there is gone already.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from shared.contracts.limits import Limits

TENANT_ID = r"^[a-z][a-z0-9-]{1,38}[a-z0-9]$"
TenantId = Annotated[str, StringConstraints(pattern=TENANT_ID)]
"""A slug of 3 to 40 characters. No underscore, since API keys are split at it and schema names turn ``-`` into ``_``.
"""


class Standing(StrEnum):
    """What people and senders of a tenant may do in its plane.

    ``active``: everything. ``suspended`` (also while a tenant waits for its deletion): reads stay, writes are refused
    with TENANT_SUSPENDED, what senders post is kept and not processed. ``frozen`` (while it is moved): writes and
    ingest answer 503, so that senders try again elsewhere.
    """

    ACTIVE = "active"
    SUSPENDED = "suspended"
    FROZEN = "frozen"


class TenantWanted(BaseModel):
    """``generation`` grows with every change; a plane that has seen a higher one ignores a lower one.

    ``delete_after``: until then a tenant that waits for its deletion can be restored; None when it does not wait.
    """

    model_config = ConfigDict(extra="forbid")

    name: str
    plan: str
    state: Standing
    limits: Limits = Limits()
    generation: int = 0
    delete_after: datetime | None = None


class TenantActual(BaseModel):
    tenant_id: str
    state: Standing
    schema_version: int
    generation: int = 0
