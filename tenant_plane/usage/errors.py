"""What a plan has no room for, in words a caller may see."""

from datetime import datetime

from shared.errors import QuotaExceeded
from shared.fields import rfc3339
from tenant_plane.usage.rules import NOUNS, Limit


class LimitReached(QuotaExceeded):
    def __init__(self, limit: Limit, *, used: int, most: int, plan: str, resets_at: datetime | None) -> None:
        again = f" It starts again at {rfc3339(resets_at)}." if resets_at else ""
        super().__init__(f"The plan {plan} allows {most:,} {NOUNS[limit]} ({limit}); {used:,} are used.{again}")
