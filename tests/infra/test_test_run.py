"""What counts as passed, skipped and failed, and that CI accepts neither skips nor missing tests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.local.test_run import Tally, count_junit, count_vitest

JUNIT = """<testsuites><testsuite>
<testcase name="a"/><testcase name="b"><failure/></testcase><testcase name="c"><error/></testcase>
<testcase name="d"><skipped type="pytest.skip"/></testcase><testcase name="e"><skipped type="pytest.xfail"/></testcase>
</testsuite></testsuites>"""


def test_junit_report_is_counted(tmp_path: Path) -> None:
    report, tally = tmp_path / "report.xml", Tally()
    report.write_text(JUNIT)
    count_junit(report, tally)
    assert (tally.passed, tally.failed, tally.skipped) == (2, 2, 1)


def test_vitest_report_is_counted(tmp_path: Path) -> None:
    report, tally = tmp_path / "report.json", Tally()
    counts = {"numPassedTests": 5, "numFailedTests": 1, "numPendingTests": 2, "numTodoTests": 1}
    report.write_text(json.dumps(counts))
    count_vitest(report, tally)
    assert (tally.passed, tally.failed, tally.skipped) == (5, 1, 3)


@pytest.mark.parametrize(
    ("tally", "at_home", "in_ci"),
    [
        (Tally(passed=3), "passed", "passed"),
        (Tally(passed=3, failed=1), "FAILED", "FAILED"),
        (Tally(passed=3, skipped=1), "passed", "FAILED"),
        (Tally(skipped=1), "skipped", "FAILED"),
        (Tally(missing=["tests/crash"]), "no tests", "FAILED"),
        (Tally(passed=3, missing=["tests/crash"]), "passed", "FAILED"),
    ],
)
def test_ci_is_strict(tally: Tally, at_home: str, in_ci: str) -> None:
    assert tally.result(strict=False) == at_home
    assert tally.result(strict=True) == in_ci
