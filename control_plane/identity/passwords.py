"""Passwords are slow on purpose: about 50 ms and 64 MiB each (argon2id, RFC 9106's second choice).

Never in a transaction. They run in threads, two at once in a process, whoever asks: 64 MiB each would otherwise fill
a pod's memory. People who would wait too long are asked to come again.
"""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from control_plane.identity.errors import TooManySignIns, WeakPassword

LEAST_CHARACTERS = 8
AT_ONCE = 2
MOST_WAITING = 64
T = TypeVar("T")
_hasher = PasswordHasher()
_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argon2")
_waiting: set[object] = set()


async def _in_turn(work: Callable[[], T]) -> T:
    """Raises TooManySignIns when the queue is long."""
    if len(_waiting) >= MOST_WAITING:
        raise TooManySignIns
    place = object()
    _waiting.add(place)
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads, work)
    finally:
        _waiting.discard(place)


async def hash_password(password: str) -> str:
    """Raises WeakPassword for a short one; TooManySignIns."""
    if len(password) < LEAST_CHARACTERS:
        raise WeakPassword(LEAST_CHARACTERS)
    return await _in_turn(lambda: _hasher.hash(password))


class PasswordChecker:
    def __init__(self) -> None:
        self._nobody = _hash_of_nobody()

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """None stands for nobody: it takes as long as a wrong password, and never matches."""
        matched = await _in_turn(lambda: _verify(password_hash or self._nobody, password))
        return matched and password_hash is not None


@cache
def _hash_of_nobody() -> str:
    return _hasher.hash(secrets.token_urlsafe())


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
