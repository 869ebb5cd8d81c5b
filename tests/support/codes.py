"""One-time codes of an authenticator app, as a test brings them: each counts once, so none is brought twice."""

import time

from control_plane.identity.rules import totp
from tests.support.waiting import eventually

_last: dict[str, int] = {}
"""By secret: the newest step that this process has used."""


def unused_code(secret: str) -> str:
    """Two can be had within thirty seconds; whoever signs in more often than that keeps a token instead, or waits."""

    def next_step() -> int | None:
        present = int(time.time()) // totp.STEP_SECONDS
        step = max(present, _last.get(secret, 0) + 1)
        return step if step <= present + totp.TOLERANCE else None

    step = eventually(next_step, "the next code", seconds=2 * totp.STEP_SECONDS)
    _last[secret] = step
    return totp.code_of(secret, step)
