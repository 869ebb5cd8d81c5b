"""Marks of what is due in a tenant, for ticks that ask one question about all tenants (``plane.due``).

A trigger sets them (``plane.stamp_due``). A tick takes the tenant's marks first and looks afterwards: a row that comes
later brings its own. What it could not finish, it notes again in the same transaction.
"""

from sqlalchemy import text

from shared.tx import WriteTx

TAKE = text("select plane.take_due(:kind, :now)")
NOTE = text("select plane.note_due(:kind, :now)")


async def take_due(tx: WriteTx, kind: str) -> None:
    await tx.session.execute(TAKE, {"kind": kind, "now": tx.now})


async def note_due(tx: WriteTx, kind: str) -> None:
    """Once more, at the next turn."""
    await tx.session.execute(NOTE, {"kind": kind, "now": tx.now})
