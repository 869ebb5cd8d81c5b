"""The statements that a test counts."""

import re

NOT_COUNTED = re.compile(
    r"\s*(begin|commit|rollback|set|select set_config|insert into plane.request_counts)\b", re.IGNORECASE
)


class Statements:
    """The SQL that a plane sent, without what opens and closes a transaction, without the one that binds it, and
    without the one that counts the request for its rate.
    """

    def __init__(self) -> None:
        self.seen: list[str] = []

    @property
    def count(self) -> int:
        return len(self.seen)

    def add(self, sql: str) -> None:
        if not NOT_COUNTED.match(sql):
            self.seen.append(" ".join(sql.split()))
