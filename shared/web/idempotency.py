"""``Idempotency-Key`` on POST, after Stripe's rules (https://docs.stripe.com/api/idempotent_requests).

The key, the request's fingerprint and the answer are written in the verb's own transaction: a second request waits
for the first one's commit and gets its bytes. A refused request changes nothing and keeps no key, so it may be mended
and sent again.

An answer may hold a secret that is shown once, such as a new API key. So it lies sealed with what only whoever repeats
the request knows, the Idempotency-Key, and the table holds no more of that than a hash:
infra/docs/decisions/0016-who-may-be-believed.md.
"""

import hashlib
import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import Response

from shared.errors import BadRequest, Conflict
from shared.tx import Actor, WriteTx

KEPT_HOURS = 24
NONCE_BYTES = 12
CLAIM = text(
    "insert into idempotency_keys (actor_id, key, fingerprint, created_at) values (:actor_id, :key, :fingerprint, :now)"
    " on conflict (actor_id, key) do nothing returning key"
)
STORED = text("select fingerprint, status, body from idempotency_keys where actor_id = :actor_id and key = :key")
KEEP = text("update idempotency_keys set status = :status, body = :body where actor_id = :actor_id and key = :key")


@dataclass(frozen=True, slots=True)
class Call:
    """One request with a key. The same key means another call to another actor, and in another tenant."""

    key: str
    actor_id: str
    tenant_id: str | None
    method: str
    path: str
    query: str
    body: bytes

    @classmethod
    def of(cls, request: Request, actor: Actor, key: str, body: bytes) -> "Call":
        tenant_id = None if actor.tenant is None else actor.tenant.id
        return cls(key, actor.id, tenant_id, request.method, request.url.path, request.url.query, body)

    @property
    def row(self) -> dict[str, str]:
        """The primary key of its row."""
        return {"actor_id": self.actor_id, "key": self._derived(b"row").hex()}

    @property
    def fingerprint(self) -> str:
        head = f"{self.method} {self.path}?{self.query}\n".encode()
        return hashlib.sha256(self._derived(b"fingerprint") + head + self.body).hexdigest()

    def seal(self, answer: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, answer, None)

    def open(self, sealed: bytes) -> bytes:
        return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)

    @property
    def _cipher(self) -> AESGCM:
        return AESGCM(self._derived(b"answer"))

    def _derived(self, purpose: bytes) -> bytes:
        who = hashlib.sha256(f"{self.tenant_id or ''}\n{self.actor_id}".encode()).digest()
        return HKDF(SHA256(), length=32, salt=who, info=b"opsplane idempotency " + purpose).derive(self.key.encode())


def key_of(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not 1 <= len(key) <= 255:
        raise BadRequest("Idempotency-Key must have 1 to 255 characters.")
    return key


async def claim(tx: WriteTx, call: Call) -> Response | None:
    """The stored answer of an earlier equal request, or None when this one is the first."""
    first = await tx.session.execute(CLAIM, {**call.row, "fingerprint": call.fingerprint, "now": tx.now})
    if first.scalar_one_or_none() is not None:
        return None
    fingerprint, status, body = (await tx.session.execute(STORED, call.row)).one()
    if fingerprint != call.fingerprint:
        raise Conflict("This Idempotency-Key was used for another request; choose a new one.")
    return Response(call.open(body), status, {"idempotent-replayed": "true"}, "application/json")


async def keep(tx: WriteTx, call: Call, response: Response) -> None:
    await tx.session.execute(
        KEEP, {**call.row, "status": response.status_code, "body": call.seal(bytes(response.body))}
    )
