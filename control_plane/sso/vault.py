"""Client secrets lie sealed in the database, each bound to its connection, so that a copy of it is not enough."""

import secrets
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12


class ClientSecretVault:
    def __init__(self, secret: str) -> None:
        derived = HKDF(SHA256(), length=32, salt=None, info=b"opsplane sso client secrets").derive(secret.encode())
        self._cipher = AESGCM(derived)

    def seal(self, connection_id: UUID, client_secret: str) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, client_secret.encode(), connection_id.bytes)

    def open(self, connection_id: UUID, sealed: bytes) -> str | None:
        """None when it was sealed with another secret than this installation's, or for another connection."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], connection_id.bytes).decode()
        except (InvalidTag, ValueError):  # ValueError: too short to have been sealed at all
            return None

    def opens(self, connection_id: UUID, sealed: bytes) -> bool:
        return self.open(connection_id, sealed) is not None
