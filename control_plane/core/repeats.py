"""``Idempotency-Key`` for a verb that needs more than one transaction, since the network lies between them.

The answer is kept in the verb's last transaction. Until then a repeated request runs the verb again, which therefore
must continue where it stopped. The rules for a caller are those of ``shared/web/idempotency.py``.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar

from pydantic import BaseModel
from sqlalchemy import text
from starlette.requests import Request

from shared.errors import Conflict
from shared.tx import Actor, ReadTx, WriteTx
from shared.web import idempotency

T = TypeVar("T", bound=BaseModel)
KEEP = text(
    "insert into idempotency_keys (actor_id, key, fingerprint, status, body, created_at)"
    " values (:actor_id, :key, :fingerprint, 200, :body, :now) on conflict (actor_id, key) do nothing returning key"
)
REPLACE = text(
    "update idempotency_keys set body = :body where actor_id = :actor_id and key = :key and fingerprint = :fingerprint"
)
FORGET = text(
    "delete from idempotency_keys where ctid = any(array("
    " select ctid from idempotency_keys where created_at < :before limit 1000))"
)


@dataclass(frozen=True, slots=True)
class Repeat(Generic[T]):
    """One call that may be sent twice. ``call`` is None when it carries no key."""

    model: type[T]
    call: idempotency.Call | None = None
    response_headers: dict[str, str] | None = None

    @classmethod
    def of(cls, request: Request, actor: Actor, raw: bytes, model: type[T]) -> "Repeat[T]":
        key = idempotency.key_of(request)
        if key is None:
            return cls(model)
        call = idempotency.Call.of(request, actor, key, raw)
        return cls(model, call, request.scope.setdefault("response_headers", {}))

    async def earlier(self, tx: ReadTx) -> T | None:
        """The kept answer of an equal request; raises Conflict when the key belongs to another one."""
        if self.call is None:
            return None
        found = await tx.session.execute(idempotency.STORED, self.call.row)
        row: Any = found.one_or_none()
        if row is None:
            return None
        if row.fingerprint != self.call.fingerprint:
            raise Conflict("This Idempotency-Key was used for another request; choose a new one.")
        if self.response_headers is not None:
            self.response_headers["idempotent-replayed"] = "true"
        return self.model.model_validate_json(self.call.open(row.body))

    async def keep(self, tx: WriteTx, answer: T) -> T:
        """Keep the answer in this commit; a twin that was faster wins and its answer is returned."""
        if self.call is None:
            return answer
        kept = await tx.session.execute(KEEP, {**_row(self.call, answer), "now": tx.now})
        return answer if kept.first() is not None else (await self.earlier(tx) or answer)

    async def replace(self, tx: WriteTx, answer: T) -> T:
        """The kept answer of this very request becomes a newer one: the verb went on after the commit that kept it."""
        if self.call is not None:
            await tx.session.execute(REPLACE, _row(self.call, answer))
        return answer


def _row(call: idempotency.Call, answer: BaseModel) -> dict[str, str | bytes]:
    sealed = call.seal(answer.model_dump_json().encode())
    return {**call.row, "fingerprint": call.fingerprint, "body": sealed}


async def forget_old_answers(tx: WriteTx) -> None:
    """A bounded number of those that nobody may ask for any more."""
    await tx.session.execute(FORGET, {"before": tx.now - timedelta(hours=idempotency.KEPT_HOURS)})
