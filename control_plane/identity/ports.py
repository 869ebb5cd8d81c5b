from collections.abc import Awaitable, Callable
from typing import Protocol

from shared.contracts.impersonations import Impersonation


class Mail(Protocol):
    @property
    def is_configured(self) -> bool:
        """False where no mail can be sent: whoever wants to must show the content instead, and say so."""
        ...

    async def send(self, to: str, subject: str, text: str) -> None:
        """``text`` is plain text. Raises MailNotSent. Never inside a transaction."""
        ...


PlaneOf = Callable[[str], Awaitable[str]]
"""The URL of the plane that serves a tenant. Raises TenantNotFound; PlacementNotReady."""


class ImpersonatedPlane(Protocol):
    async def put_impersonation(self, url: str, tenant_id: str, wanted: Impersonation) -> None:
        """Returns when the plane has it as wanted; safe to repeat. Raises PlaneFailed."""
        ...
