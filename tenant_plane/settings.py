"""What a tenant plane needs to know from its environment. Every name has the prefix OPSPLANE_."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.web.ratelimit import DEFAULT_LIMITS


class Settings(BaseSettings):
    """``tenant_database_url`` is the owner's login, for migrations and new tenants; requests run under
    ``tenant_app_database_url``.
    """

    model_config = SettingsConfigDict(env_prefix="OPSPLANE_")

    tenant_database_url: Annotated[str, Field(repr=False)]
    tenant_app_database_url: Annotated[str, Field(repr=False)]
    control_plane_url: str = "http://127.0.0.1:8000"
    pool_size: int = 10
    requests_per_minute: dict[str, int] = dict(DEFAULT_LIMITS)
    host: str = "127.0.0.1"
    tenant_plane_port: int = 8002
