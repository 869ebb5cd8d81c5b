"""How many requests a plane has answered in each minute, and how many of them with an error of its own (5xx).

Counted in each process, and added up in the table of the request counts every few seconds, for the fleet's health.
"""

from collections import Counter
from dataclasses import dataclass, field

from shared.errors import Unavailable
from shared.tx import Clock, utc_now
from shared.web.counts import SharedCounts

ANSWERS, ERRORS = "!answers", "!errors"
"""Beside the callers; no caller begins with an exclamation mark."""
MINUTE = 60
FIRST_ERROR = 500


@dataclass
class Answers:
    counts: SharedCounts
    clock: Clock = utc_now
    _counted: Counter[tuple[str, int]] = field(default_factory=Counter)

    def note(self, status: int) -> None:
        minute = int(self.clock().timestamp() // MINUTE)
        self._counted[ANSWERS, minute] += 1
        if status >= FIRST_ERROR:
            self._counted[ERRORS, minute] += 1

    async def save(self) -> None:
        """A tick. What can't be added now is added later."""
        counted, self._counted = self._counted, Counter()
        if not counted:
            return
        try:
            await self.counts.add_all(counted)
        except Unavailable:
            self._counted.update(counted)
            raise
