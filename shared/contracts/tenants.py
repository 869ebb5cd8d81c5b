"""The control plane tells a tenant plane which tenants it serves; the plane keeps that as its own snapshot.

``PUT /internal/tenants/{tenant_id}`` with a token for the audience ``opsplane-internal``. Level-triggered: the whole
wanted state each time, safe to repeat; the answer comes when the tenant is usable.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

TENANT_ID = r"^[a-z][a-z0-9-]{1,38}[a-z0-9]$"
TenantId = Annotated[str, StringConstraints(pattern=TENANT_ID)]
"""A slug of 3 to 40 characters. No underscore, since API keys are split at it and schema names turn ``-`` into ``_``.
"""


class TenantWanted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    plan: str
    state: Literal["active", "suspended"]


class TenantActual(BaseModel):
    tenant_id: str
    state: str
    schema_version: int
