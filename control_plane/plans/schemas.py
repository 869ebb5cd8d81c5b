from typing import Literal

from pydantic import BaseModel, ConfigDict

from shared.contracts.limits import Limits

Placement = Literal["shared", "dedicated"]
"""Where a tenant of this plan runs: in a cell with others, or in a deployment of its own."""


class PlanRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    name: str
    version: int
    limits: Limits
