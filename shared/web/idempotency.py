"""``Idempotency-Key`` on POST, after Stripe's rules (https://docs.stripe.com/api/idempotent_requests).

The key, the request's fingerprint and the answer are written in the verb's own transaction: a second request waits
for the first one's commit and gets its bytes. A refused request changes nothing and keeps no key, so it may be mended
and sent again.
"""

import hashlib
from dataclasses import dataclass

from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import Response

from shared.errors import BadRequest, Conflict
from shared.tx import WriteTx

KEPT_HOURS = 24
CLAIM = text(
    "insert into idempotency_keys (actor_id, key, fingerprint, created_at) values (:actor_id, :key, :fingerprint, :now)"
    " on conflict (actor_id, key) do nothing returning key"
)
STORED = text("select fingerprint, status, body from idempotency_keys where actor_id = :actor_id and key = :key")
KEEP = text("update idempotency_keys set status = :status, body = :body where actor_id = :actor_id and key = :key")


@dataclass(frozen=True, slots=True)
class Call:
    key: str
    actor_id: str
    method: str
    path: str
    query: str
    body: bytes

    @property
    def fingerprint(self) -> str:
        head = f"{self.method} {self.path}?{self.query}\n".encode()
        return hashlib.sha256(head + self.body).hexdigest()


def key_of(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not 1 <= len(key) <= 255:
        raise BadRequest("Idempotency-Key must have 1 to 255 characters.")
    return key


async def claim(tx: WriteTx, call: Call) -> Response | None:
    """The stored answer of an earlier equal request, or None when this one is the first."""
    names = {"actor_id": call.actor_id, "key": call.key}
    first = await tx.session.execute(CLAIM, {**names, "fingerprint": call.fingerprint, "now": tx.now})
    if first.scalar_one_or_none() is not None:
        return None
    fingerprint, status, body = (await tx.session.execute(STORED, names)).one()
    if fingerprint != call.fingerprint:
        raise Conflict("This Idempotency-Key was used for another request; choose a new one.")
    return Response(body, status, {"idempotent-replayed": "true"}, "application/json")


async def keep(tx: WriteTx, call: Call, response: Response) -> None:
    await tx.session.execute(
        KEEP,
        {"actor_id": call.actor_id, "key": call.key, "status": response.status_code, "body": bytes(response.body)},
    )
