"""What severity means here, and how the words senders use for it are read."""

import hashlib
from enum import StrEnum


class Severity(StrEnum):
    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


_WORDS: dict[str, Severity] = {
    word: severity
    for severity, words in {
        Severity.CRITICAL: "critical crit fatal emergency disaster page p0 p1 sev0 sev1",
        Severity.HIGH: "high error err major p2 sev2",
        Severity.MEDIUM: "medium warning warn average minor p3 sev3",
        Severity.LOW: "low notice p4 sev4",
        Severity.INFO: "info informational information debug ok p5 sev5",
    }.items()
    for word in words.split()
}


def severity_from(text: str) -> Severity | None:
    """The severity a sender's word stands for, in any case ("P1", "sev-2", "Warning"); None if it is no such word."""
    found = _WORDS.get(text)
    if found is None:
        found = _WORDS.get("".join(char for char in text.casefold() if char.isalnum()))
    return found


class Action(StrEnum):
    TRIGGER = "trigger"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"


class AlertStatus(StrEnum):
    FIRING = "firing"
    RESOLVED = "resolved"


class Change(StrEnum):
    """What an event did to its alert."""

    FIRED = "fired"
    REPEATED = "repeated"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    KEPT = "kept"
    """Nothing changed: a resolve or acknowledge of an alert that isn't firing. The event itself is stored all the same.
    """


SEVERITY_RANK = {severity: rank for rank, severity in enumerate(Severity, start=1)}
PRIORITY = {severity: f"P{rank}" for severity, rank in SEVERITY_RANK.items()}
FINGERPRINT_VERSION = "1"


def fingerprint_of(adapter: str, dedup_fields: tuple[str, ...]) -> str:
    """Versioned, so that the algorithm can change without merging or splitting what is stored under the old one."""
    identity = "\x1f".join((adapter, *dedup_fields)).encode(
        "utf-8", "surrogatepass"
    )  # total: any text has a fingerprint
    digest = hashlib.sha256(identity).hexdigest()
    return f"{FINGERPRINT_VERSION}:{digest[:32]}"


def change_of(status: AlertStatus | None, action: Action) -> Change:
    """``status`` is the alert's before the event, None when nobody has heard of it.

    A trigger after a resolve fires again: a sender that repeats itself too late costs an extra incident, the opposite
    reading would lose a real one.
    """
    if action is Action.TRIGGER:
        return Change.REPEATED if status is AlertStatus.FIRING else Change.FIRED
    if status is not AlertStatus.FIRING:
        return Change.KEPT
    return Change.RESOLVED if action is Action.RESOLVE else Change.ACKNOWLEDGED
