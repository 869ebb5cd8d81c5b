"""Appending to an audit log, in the transaction of the change and right before its commit.

One at a time per log: the lock is held from here to the commit, and nothing else is locked meanwhile.
"""

from collections.abc import Sequence

from sqlalchemy import ARRAY, BigInteger, LargeBinary, Text, TextClause, bindparam, text

from shared.audit.chain import GENESIS, hash_of
from shared.trace import current_address, current_trace_id
from shared.tx import Event, WriteTx

LOCK = text("select pg_advisory_xact_lock(hashtext('audit'), hashtext(current_schema()))")
# Not one statement with the lock: it would look at the table as it was before the lock was given.
HEAD = text(
    "select (select max(seq) from audit_log) as seq,"
    " (select hash from audit_log where seq = (select max(seq) from audit_log)) as hash,"
    " array(select b.body::jsonb::text from unnest(:bodies) with ordinality as b (body, n) order by b.n) as details"
).bindparams(bindparam("bodies", type_=ARRAY(Text)))
ONCE = ("at", "actor_id", "actor_kind", "actor_name", "impersonated_by", "address", "trace_id")
"""The same for all events of a transaction."""
EACH = {
    "seq": BigInteger,
    "action": Text,
    "target": Text,
    "result": Text,
    "details": Text,
    "tenant_id": Text,
    "previous_hash": LargeBinary,
    "hash": LargeBinary,
}


def _insert(each: Sequence[str]) -> TextClause:
    chosen = ", ".join("e.details::jsonb" if name == "details" else f"e.{name}" for name in each)
    return text(
        f"insert into audit_log ({', '.join(ONCE)}, {', '.join(each)})"  # noqa: S608 - names from the constants above
        f" select {', '.join(f':{name}' for name in ONCE)}, {chosen}"
        f" from unnest({', '.join(f':{name}s' for name in each)}) as e ({', '.join(each)})"
    ).bindparams(*(bindparam(f"{name}s", type_=ARRAY(EACH[name])) for name in each))


INSERT = {of_tenants: _insert([name for name in EACH if of_tenants or name != "tenant_id"]) for of_tenants in (0, 1)}


async def append(tx: WriteTx, events: Sequence[Event], *, of_tenants: bool = False) -> None:
    """``of_tenants``: the log of a plane that has many tenants; each entry says whose administrators may see it."""
    if not events:
        return
    actor = tx.actor
    once = {
        "at": tx.now,
        "actor_id": actor.id,
        "actor_kind": actor.kind,
        "actor_name": actor.name,
        "impersonated_by": actor.impersonated_by,
        "address": current_address.get(),
        "trace_id": current_trace_id.get(),
    }
    await tx.session.execute(LOCK)
    head = (await tx.session.execute(HEAD, {"bodies": [event.model_dump_json() for event in events]})).one()
    seq, previous, rows = head.seq or 0, head.hash or GENESIS, []
    for event, details in zip(events, head.details, strict=True):
        row = {
            "seq": (seq := seq + 1),
            "action": event.kind,
            "target": event.target,
            "result": "refused" if event.refused else "done",
            "details": details,
            "tenant_id": event.audited_tenant if of_tenants else None,
            "previous_hash": previous,
        }
        row["hash"] = previous = hash_of(previous, {**once, **row})
        rows.append(row)
    each = {f"{name}s": [row[name] for row in rows] for name in EACH if of_tenants or name != "tenant_id"}
    await tx.session.execute(INSERT[of_tenants], {**once, **each})
