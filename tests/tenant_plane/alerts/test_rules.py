"""What alerts decide without a database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenant_plane.alerts.rules import (
    PRIORITY,
    Action,
    AlertStatus,
    Change,
    Severity,
    change_of,
    fingerprint_of,
    severity_from,
)


@pytest.mark.parametrize(
    ("status", "action", "change"),
    [
        (None, Action.TRIGGER, Change.FIRED),
        (AlertStatus.FIRING, Action.TRIGGER, Change.REPEATED),
        (AlertStatus.RESOLVED, Action.TRIGGER, Change.FIRED),
        (None, Action.ACKNOWLEDGE, Change.KEPT),
        (AlertStatus.FIRING, Action.ACKNOWLEDGE, Change.ACKNOWLEDGED),
        (AlertStatus.RESOLVED, Action.ACKNOWLEDGE, Change.KEPT),
        (None, Action.RESOLVE, Change.KEPT),
        (AlertStatus.FIRING, Action.RESOLVE, Change.RESOLVED),
        (AlertStatus.RESOLVED, Action.RESOLVE, Change.KEPT),
    ],
)
def test_what_an_event_does_to_its_alert(status: AlertStatus | None, action: Action, change: Change) -> None:
    assert change_of(status, action) is change


@pytest.mark.parametrize(
    ("adapter", "fields", "fingerprint"),
    [
        ("webhook", ("fingerprint", "abc"), "1:6711db8bc25acc8ce917e2144390c925"),
        ("webhook", ("title", "High CPU", "service", "api"), "1:2b87ddd451ab1a6145844aeb787994a0"),
        ("alertmanager", ("fingerprint", "abc"), "1:ff3302b5da56e89da1361718dc997852"),
        ("pagerduty", ("dedup_key", "grün"), "1:f6ce3f058a8c3e79e5503748baabe6a7"),
        ("webhook", (), "1:9fd09dc33545f9cc19b81ebd0b98c4fd"),
    ],
)
def test_fingerprints_never_change(adapter: str, fields: tuple[str, ...], fingerprint: str) -> None:
    """Pinned: another value would open a second alert for everything that is firing during the upgrade."""
    assert fingerprint_of(adapter, fields) == fingerprint


TEXT = st.text(st.characters(exclude_characters="\x1f"), max_size=20)


@given(adapter=TEXT, fields=st.lists(TEXT, max_size=4), other=st.lists(TEXT, max_size=4))
def test_fingerprints_differ_where_identities_do(adapter: str, fields: list[str], other: list[str]) -> None:
    one, two = fingerprint_of(adapter, tuple(fields)), fingerprint_of(adapter, tuple(other))
    assert (one == two) is (fields == other)
    assert len(one) == 34


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("critical", Severity.CRITICAL),
        ("CRITICAL", Severity.CRITICAL),
        ("P1", Severity.CRITICAL),
        ("SEV1", Severity.CRITICAL),
        ("sev-1", Severity.CRITICAL),
        ("Sev 0", Severity.CRITICAL),
        ("fatal", Severity.CRITICAL),
        ("page", Severity.CRITICAL),
        ("P2", Severity.HIGH),
        ("error", Severity.HIGH),
        ("major", Severity.HIGH),
        ("Warning", Severity.MEDIUM),
        ("sev3", Severity.MEDIUM),
        ("average", Severity.MEDIUM),
        ("notice", Severity.LOW),
        ("p4", Severity.LOW),
        ("informational", Severity.INFO),
        ("OK", Severity.INFO),
        ("P5", Severity.INFO),
        ("", None),
        ("P6", None),
        ("urgent", None),
        ("critical!!", Severity.CRITICAL),
        ("criticality", None),
    ],
)
def test_words_for_severity(word: str, severity: Severity | None) -> None:
    assert severity_from(word) is severity


def test_every_severity_reads_its_own_word_and_its_priority() -> None:
    assert [severity_from(severity) for severity in Severity] == list(Severity)
    assert [severity_from(PRIORITY[severity]) for severity in Severity] == list(Severity)
    assert PRIORITY == {"critical": "P1", "high": "P2", "medium": "P3", "low": "P4", "info": "P5"}


@given(st.text(max_size=50))
def test_any_word_is_read(word: str) -> None:
    assert severity_from(word) in {None, *Severity}
