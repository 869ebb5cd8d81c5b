"""What a control plane must be told; environment variables start with ``OPSPLANE_``."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.web.ratelimit import DEFAULT_LIMITS


class ControlSettings(BaseSettings):
    """``control_database_url`` is the owner's login: only ``prepare_database`` uses it; a serving process may lack it.

    ``key_encryption_secret`` seals the private signing keys in the database: the same for all processes, never lost.
    """

    model_config = SettingsConfigDict(env_prefix="OPSPLANE_", extra="ignore")

    control_app_database_url: Annotated[str, Field(repr=False)]
    control_database_url: Annotated[str | None, Field(repr=False)] = None
    control_pool_size: Annotated[int, Field(ge=1, le=50)] = 5
    key_encryption_secret: Annotated[SecretStr, Field(min_length=32)]
    access_token_seconds: Annotated[int, Field(ge=60, le=3600)] = 900
    refresh_token_days: Annotated[int, Field(ge=1, le=365)] = 30
    tenant_plane_url: str = "http://127.0.0.1:8002"
    demo_accounts_path: Path | None = None
    host: str = "127.0.0.1"
    control_plane_port: Annotated[int, Field(ge=0, le=65535)] = 8000
    requests_per_minute: dict[str, int] = dict(DEFAULT_LIMITS)
