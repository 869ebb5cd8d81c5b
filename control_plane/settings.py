"""What a control plane must be told; environment variables start with ``OPSPLANE_``."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class KubernetesSettings(BaseModel):
    """Planes of single tenants are made in a cluster: KUBECONFIG's, else the one that this process runs in.

    ``owner_database_url`` and ``app_database_url`` hold ``{tenant}`` (or ``{schema}``, the same with underscores);
    without them each tenant's namespace must get a Secret ``database`` with the keys ``owner-url`` and ``app-url``.
    """

    model_config = ConfigDict(extra="forbid")

    image: str
    version: str
    """The first one; later ones come by rollout."""
    origin_host: str
    tenant_hosts: str | None = None
    control_plane_url: str = "http://control-plane.opsplane.svc"
    control_plane_namespace: str = "opsplane"
    gateway_name: str = "opsplane"
    gateway_namespace: str = "opsplane"
    proxy_namespace: str = "envoy-gateway-system"
    owner_database_url: Annotated[str | None, Field(repr=False)] = None
    app_database_url: Annotated[str | None, Field(repr=False)] = None
    database_port: Annotated[int, Field(ge=1, le=65535)] = 5432
    rollout_deadline_seconds: Annotated[int, Field(ge=30, le=86400)] = 900
    orphan_grace_hours: Annotated[int, Field(ge=1, le=8760)] = 72


class ControlSettings(BaseSettings):
    """``control_database_url`` is the owner's login: only ``prepare_database`` uses it; a serving process may lack it.

    ``key_encryption_secret`` seals the private signing keys in the database: the same for all processes, never lost.
    """

    model_config = SettingsConfigDict(env_prefix="OPSPLANE_", env_nested_delimiter="__", extra="ignore")

    control_app_database_url: Annotated[str, Field(repr=False)]
    control_database_url: Annotated[str | None, Field(repr=False)] = None
    control_pool_size: Annotated[int, Field(ge=1, le=50)] = 5
    key_encryption_secret: Annotated[SecretStr, Field(min_length=32)]
    access_token_seconds: Annotated[int, Field(ge=60, le=3600)] = 900
    refresh_token_days: Annotated[int, Field(ge=1, le=365)] = 30
    tenant_plane_url: str = "http://127.0.0.1:8002"
    dedicated_planes: dict[str, str] = {}
    """URLs by tenant_id, as JSON: planes of single tenants that are started by other means than a cluster."""
    kubernetes: KubernetesSettings | None = None
    """``OPSPLANE_KUBERNETES__IMAGE`` and so on."""
    open_registration: bool = False
    """Let anybody make an account; it belongs to no tenant until it is invited to one."""
    signing_key_days: Annotated[int, Field(ge=1, le=3650)] = 90
    signing_key_lead_seconds: Annotated[int, Field(ge=900, le=86400)] = 900
    """How long a new signing key is published before it signs; planes look every five minutes."""
    delete_grace_days: Annotated[int, Field(ge=0, le=3650)] = 30
    archive_max_bytes: Annotated[int, Field(ge=1024)] = 20 * 1024**3
    """Of one archive, and of all that one process has on its disk at once."""
    archive_folder: Path | None = None
    """Where an archive lies while it is checked, or gathered to be sent; by default the system's folder."""
    demo_accounts_path: Path | None = None
    public_url: Annotated[str | None, Field(pattern=r"^https?://[^/]+$")] = None
    """Where people reach this installation, as in https://ops.example; without it, what each request asked for."""
    sso_allow_http: bool = False
    """Let tenants' OpenID providers be plain http, and on this machine; for tests."""
    sso_networks: list[IPvAnyNetwork] = []
    """Private networks in which tenants' OpenID providers may be nevertheless, as in ["10.20.0.0/16"]."""
    smtp_url: SecretStr | None = None
    """smtp[s]://user:password@host:port, together with ``public_url``; without it no mail is sent, and links are shown
    instead.
    """
    mail_from: str | None = None
    stripe_key: SecretStr | None = None
    """Without it plans are given by super-admins, and nothing is charged online."""
    stripe_webhook_secrets: SecretStr = SecretStr("")
    """Comma separated, so that one can be rolled while the old one still signs."""
    stripe_api_base: str | None = None
    """Another address than Stripe's, for tests."""
    stripe_meter: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    """The event_name of a meter at Stripe that sums up each tenant's events; without it no usage is reported."""
    billing_grace_days: Annotated[int, Field(ge=0, le=365)] = 7
    """After a failed payment a tenant works on for so long."""
    billing_trial_days: Annotated[int, Field(ge=0, le=730)] = 0
    """Of a tenant's first subscription; it begins without a payment method."""
    host: str = "127.0.0.1"
    control_plane_port: Annotated[int, Field(ge=0, le=65535)] = 8000
    requests_per_minute: dict[str, int] = {}
    """By role. Members have their plan's, super-admins and strangers ``shared.web.ratelimit.DEFAULT_LIMITS``; what is
    said here goes before both.
    """
