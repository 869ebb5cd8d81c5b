"""What happens by itself, in another process or thread, is waited for here: asked again and again, with a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PAUSE_SECONDS = 0.05


def eventually(look: Callable[[], T | None], what: str, *, seconds: float = 30) -> T:
    """The first answer of ``look`` that says something; ``what`` is missing is the failure's text."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, f"{what}: not within {seconds} seconds"
        time.sleep(PAUSE_SECONDS)
    return found
