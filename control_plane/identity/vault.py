"""Private signing keys lie sealed in the database, so that a copy of it is not enough to sign tokens."""

import secrets
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from jwt.algorithms import OKPAlgorithm

from shared.tokens import ALGORITHM

NONCE_BYTES = 12


class SecretMismatchError(Exception):
    """The secret is not the one that the keys in this database were sealed with."""


class KeyVault:
    def __init__(self, secret: str) -> None:
        derived = HKDF(SHA256(), length=32, salt=None, info=b"opsplane signing keys").derive(secret.encode())
        self._cipher = AESGCM(derived)

    def seal(self, kid: str, key: Ed25519PrivateKey) -> bytes:
        """Bound to its ``kid``, so that rows can't be exchanged."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, key.private_bytes_raw(), kid.encode())

    def open(self, kid: str, sealed: bytes) -> Ed25519PrivateKey:
        try:
            raw = self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], kid.encode())
        except InvalidTag:
            raise SecretMismatchError(
                f"OPSPLANE_KEY_ENCRYPTION_SECRET is not the secret that signing key {kid} was sealed with."
            ) from None
        return Ed25519PrivateKey.from_private_bytes(raw)


def public_jwk(kid: str, key: Ed25519PrivateKey) -> dict[str, Any]:
    """RFC 8037: {"kty": "OKP", "crv": "Ed25519", "x", "kid", "use", "alg"}."""
    jwk: dict[str, Any] = OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**jwk, "kid": kid, "use": "sig", "alg": ALGORITHM}
