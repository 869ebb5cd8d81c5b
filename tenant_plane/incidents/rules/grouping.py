"""Which alerts belong together, and the sentence that says why."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from tenant_plane.alerts.schemas import AlertEvent


@dataclass(frozen=True, slots=True)
class GroupingRule:
    """Alerts with the same key, each within ``window`` of the one before, are one incident. ``key`` is None: not for
    this alert.
    """

    name: str
    confidence: float
    window: timedelta
    key: Callable[[AlertEvent], str | None]
    words: Callable[[AlertEvent], str]


def _service_key(event: AlertEvent) -> str | None:
    return f"service:{event.service}|{event.environment or ''}" if event.service else None


def _sender_key(event: AlertEvent) -> str | None:
    return f"sender:{event.source}|{event.sender_key}" if event.sender_key else None


def _name_key(event: AlertEvent) -> str | None:
    return f"name:{event.source}|{event.name}"


def _service_words(event: AlertEvent) -> str:
    return f"same service {event.service} " + (
        f"in {event.environment}" if event.environment else "(no environment named)"
    )


def _sender_words(event: AlertEvent) -> str:
    return f"same group “{(event.sender_key or '')[:80]}” at {event.source}"


RULES: tuple[GroupingRule, ...] = (
    GroupingRule("same_service_within_window", 0.9, timedelta(minutes=10), _service_key, _service_words),
    GroupingRule("same_sender_group", 0.8, timedelta(minutes=10), _sender_key, _sender_words),
    GroupingRule("same_alert_name", 0.6, timedelta(minutes=10), _name_key, lambda e: f"same alert “{e.name}”"),
)
AGAIN = ("same_alert_again", 1.0)
"""Rule and confidence of an alert that fires again while its incident is still being worked on: no key is asked."""


def rule_for(event: AlertEvent) -> tuple[GroupingRule, str]:
    """The first rule that has something to hold on to, and its key for this event. The last rule always has."""
    for rule in RULES:
        key = rule.key(event)
        if key is not None:
            return rule, key
    raise AssertionError("the rule on names accepts every alert")


def reason_for(rule: GroupingRule, event: AlertEvent, *, gap: timedelta, reference: str) -> str:
    """Why an alert joined an incident, as a person reads it on the incident page."""
    window = int(rule.window.total_seconds() // 60)
    words = rule.words(event)
    return f"{words[0].upper()}{words[1:]}, {spell(gap)} after the last alert of {reference} (window {window} min)"


def again_reason(reference: str) -> str:
    return f"The same alert fired again while {reference} was open"


def first_reason(rule: GroupingRule, event: AlertEvent) -> str:
    window = int(rule.window.total_seconds() // 60)
    return f"First alert: no open incident that alerts had opened had the {rule.words(event)} in the last {window} min"


def title_of(event: AlertEvent) -> str:
    """The alert's name and, where the sender gave one, its sentence: "HighCPU: CPU usage above 85% for 5 minutes"."""
    summary = event.annotations.get("summary", "")
    return event.name if summary in ("", event.name) else f"{event.name}: {summary}"[:300]


def spell(span: timedelta) -> str:
    seconds = max(0, span.total_seconds())
    if seconds < 1:
        return "less than 1 s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
