"""Private signing keys and the secrets of authenticator apps lie sealed in the database, so that a copy of it is not
enough to sign tokens or to make one-time codes.
"""

import secrets
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from jwt.algorithms import OKPAlgorithm

from shared.tokens import ALGORITHM

NONCE_BYTES = 12


class SecretMismatchError(Exception):
    """The secret is not the one that this database's contents were sealed with."""

    def __init__(self, what: str) -> None:
        super().__init__(f"OPSPLANE_KEY_ENCRYPTION_SECRET is not the secret that {what} was sealed with.")


class _Sealed:
    """AES-GCM with a key of its own for each ``purpose``. Bound to a name, so that rows can't be exchanged."""

    def __init__(self, secret: str, purpose: bytes) -> None:
        self._cipher = AESGCM(HKDF(SHA256(), length=32, salt=None, info=purpose).derive(secret.encode()))

    def _seal(self, name: str, plain: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, name.encode())

    def _open(self, name: str, sealed: bytes, what: str) -> bytes:
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], name.encode())
        except (InvalidTag, ValueError):  # ValueError: too short to have been sealed at all
            raise SecretMismatchError(what) from None


class KeyVault(_Sealed):
    def __init__(self, secret: str) -> None:
        super().__init__(secret, b"opsplane signing keys")

    def seal(self, kid: str, key: Ed25519PrivateKey) -> bytes:
        return self._seal(kid, key.private_bytes_raw())

    def open(self, kid: str, sealed: bytes) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self._open(kid, sealed, f"signing key {kid}"))


class FactorVault(_Sealed):
    """Base32 secrets of authenticator apps."""

    def __init__(self, secret: str) -> None:
        super().__init__(secret, b"opsplane second factors")

    def seal(self, user_id: UUID, secret: str) -> bytes:
        return self._seal(str(user_id), secret.encode())

    def open(self, user_id: UUID, sealed: bytes) -> str:
        return self._open(str(user_id), sealed, f"the second factor of {user_id}").decode()

    def opens(self, user_id: UUID, sealed: bytes) -> bool:
        try:
            self.open(user_id, sealed)
        except SecretMismatchError:
            return False
        return True


def public_jwk(kid: str, key: Ed25519PrivateKey) -> dict[str, Any]:
    """RFC 8037: {"kty": "OKP", "crv": "Ed25519", "x", "kid", "use", "alg"}."""
    jwk: dict[str, Any] = OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**jwk, "kid": kid, "use": "sig", "alg": ALGORITHM}
