"""The rules of incidents: ``states`` moves, ``grouping`` tells which alerts belong together, ``placing`` decides."""

from tenant_plane.incidents.rules.grouping import (
    RULES,
    GroupingRule,
    first_reason,
    reason_for,
    rule_for,
    spell,
    title_of,
)
from tenant_plane.incidents.rules.states import (
    ATTENTION,
    ENDED,
    NEXT,
    REFERENCE,
    STATES,
    UNSEEN,
    State,
    Status,
    may_move,
    parse_reference,
    reference_of,
    steps_to,
)

__all__ = [
    "ATTENTION",
    "ENDED",
    "NEXT",
    "REFERENCE",
    "RULES",
    "STATES",
    "UNSEEN",
    "GroupingRule",
    "State",
    "Status",
    "first_reason",
    "may_move",
    "parse_reference",
    "reason_for",
    "reference_of",
    "rule_for",
    "spell",
    "steps_to",
    "title_of",
]
