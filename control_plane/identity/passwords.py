"""Passwords are slow on purpose: about 50 ms and 64 MiB each (argon2id, RFC 9106's second choice).

Never in a transaction. They run in threads, a few at once; people who would wait too long are asked to come again.
"""

import asyncio
import os
import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from control_plane.identity.errors import TooManySignIns, WeakPassword

LEAST_CHARACTERS = 8
MOST_WAITING = 64
_hasher = PasswordHasher()


async def hash_password(password: str) -> str:
    """Raises WeakPassword for a short one."""
    if len(password) < LEAST_CHARACTERS:
        raise WeakPassword(LEAST_CHARACTERS)
    return await asyncio.to_thread(_hasher.hash, password)


class PasswordChecker:
    def __init__(self) -> None:
        self._gate = asyncio.Semaphore(os.cpu_count() or 2)
        self._waiting = 0
        self._nobody = _hash_of_nobody()

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """None stands for nobody: it takes as long as a wrong password, and never matches."""
        if self._waiting >= MOST_WAITING:
            raise TooManySignIns
        self._waiting += 1
        try:
            async with self._gate:
                matched = await asyncio.to_thread(_verify, password_hash or self._nobody, password)
        finally:
            self._waiting -= 1
        return matched and password_hash is not None


@cache
def _hash_of_nobody() -> str:
    return _hasher.hash(secrets.token_urlsafe())


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
