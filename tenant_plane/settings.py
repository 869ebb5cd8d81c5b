"""What a tenant plane needs to know from its environment. Every name has the prefix OPSPLANE_."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.contracts.tenants import TenantId


class Settings(BaseSettings):
    """``tenant_database_url`` is the owner's login, for migrations and new tenants; requests run under
    ``tenant_app_database_url``. ``pinned_tenant`` makes this a dedicated plane, which refuses everybody else's
    credentials. ``requests_per_minute``, by role, goes before what the tenants' plans say.
    """

    model_config = SettingsConfigDict(env_prefix="OPSPLANE_")

    tenant_database_url: Annotated[str, Field(repr=False)]
    tenant_app_database_url: Annotated[str, Field(repr=False)]
    control_plane_url: str = "http://127.0.0.1:8000"
    pool_size: int = 10
    pinned_tenant: TenantId | None = None
    requests_per_minute: dict[str, int] = {}
    host: str = "127.0.0.1"
    tenant_plane_port: int = 8002
