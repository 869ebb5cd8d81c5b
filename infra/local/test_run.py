"""`make test`: everything in order, one summary at the end, one exit code.

A part that fails does not stop the next ones. What can't run here (no browser, no tests yet) is named in the summary;
with CI=true it is a failure, because a check that silently doesn't run is worth nothing.

    python -m infra.local.test_run [part ...]
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from rich.console import Console
from rich.table import Table

from infra.local.browser import find_chromium
from infra.local.frontend_build import FrontendError, build_frontend, developer_packages
from infra.local.node import Node

ROOT = Path(__file__).resolve().parent.parent.parent
FRONTEND = ROOT / "frontend"
PYTHON_FOLDERS = ("control_plane", "tenant_plane", "shared", "infra", "tests")
COMMAND_SECONDS = 1800
NOTHING_COLLECTED = 5  # pytest's exit code

console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)


@dataclass
class Tally:
    """What happened in one part: tests counted one by one, any other check as one."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    notes: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def check(self, succeeded: bool) -> None:
        self.passed += succeeded
        self.failed += not succeeded

    def result(self, strict: bool) -> str:
        if self.failed or (strict and (self.skipped or self.missing)):
            return "FAILED"
        if self.passed:
            return "passed"
        return "skipped" if self.skipped else "no tests"


@dataclass(frozen=True)
class Part:
    name: str
    run: Callable[[Tally], None]


@dataclass(frozen=True)
class Finished:
    """One line of the summary."""

    name: str
    tally: Tally
    result: str
    seconds: float


def lint(tally: Tally) -> None:
    tally.check(_succeeds([sys.executable, "-m", "ruff", "format", "--check", "."]))
    tally.check(_succeeds([sys.executable, "-m", "ruff", "check", "."]))


def types(tally: Tally) -> None:
    folders = [name for name in PYTHON_FOLDERS if any((ROOT / name).rglob("*.py"))]
    tally.check(_succeeds([sys.executable, "-m", "mypy", "--strict", *folders]))


def frontend_checks(tally: Tally) -> None:
    node = _frontend_node(tally)
    if node is not None:
        tally.check(_succeeds(_tool("tsc", "--noEmit"), FRONTEND, node))
        tally.check(_succeeds(_tool("biome", "check", "."), FRONTEND, node))


def frontend(tally: Tally) -> None:
    node = _frontend_node(tally)
    if node is None:
        return
    _vitest(tally, node)
    try:
        build_frontend(FRONTEND, console.print)
        tally.check(True)
    except FrontendError as error:
        console.print(str(error), markup=False, soft_wrap=True)
        tally.check(False)


def browser(tally: Tally) -> None:
    if find_chromium() is None:
        text = "BROWSER TESTS SKIPPED: no Chromium (install chromium or set OPSPLANE_CHROMIUM)"
        console.print(text, style="bold yellow")
        tally.notes.append("no Chromium")
        tally.skipped += 1
        return
    _pytest(tally, "tests/e2e")


def pytest_part(*folders: str) -> Callable[[Tally], None]:
    return lambda tally: _pytest(tally, *folders)


PARTS = (
    Part("lint", lint),
    Part("types", types),
    Part("contracts", pytest_part("tests/architecture", "tests/contracts")),
    Part(
        "backend",
        pytest_part(
            "tests/shared",
            "tests/control_plane",
            "tests/tenant_plane",
            "tests/isolation",
            "tests/adapters",
            "tests/infra",
        ),
    ),
    Part("senders", pytest_part("tests/senders", "tests/fuzz")),
    Part("frontend-checks", frontend_checks),
    Part("frontend", frontend),
    Part("e2e", browser),
    Part("crash", pytest_part("tests/crash")),
)


def main(arguments: Sequence[str]) -> int:
    known = {part.name: part for part in PARTS}
    unknown = [name for name in arguments if name not in known]
    if unknown:
        console.print(f"There is no part {', '.join(unknown)}; the parts are: {', '.join(known)}", markup=False)
        return 2
    strict = os.environ.get("CI", "").lower() in ("true", "1")
    try:
        finished = [_run_part(part, strict) for part in PARTS if not arguments or part.name in arguments]
    except KeyboardInterrupt:
        console.print("interrupted")
        return 130
    _summarise(finished, strict)
    return 1 if any(one.result == "FAILED" for one in finished) else 0


def _run_part(part: Part, strict: bool) -> Finished:
    console.rule(part.name, align="left")
    sys.stdout.flush()
    tally, started = Tally(), time.monotonic()
    part.run(tally)
    return Finished(part.name, tally, tally.result(strict), time.monotonic() - started)


def _summarise(finished: Sequence[Finished], strict: bool) -> None:
    table = Table(title="Summary", title_justify="left")
    table.add_column("part", no_wrap=True)
    table.add_column("result", no_wrap=True)
    for column in ("passed", "failed", "skipped", "seconds"):
        table.add_column(column, justify="right")
    table.add_column("notes")
    colours = {"FAILED": "bold red", "passed": "green"}
    for one in finished:
        tally = one.tally
        missing = ", ".join(name.removeprefix("tests/") for name in tally.missing)
        notes = [*tally.notes, *([f"no tests yet: {missing}"] if missing else [])]
        if strict and tally.skipped:
            notes.append("skips are failures in CI")
        counts = [str(count) for count in (tally.passed, tally.failed, tally.skipped)]
        colour = colours.get(one.result, "yellow")
        result = f"[{colour}]{one.result}[/]"
        table.add_row(one.name, result, *counts, f"{one.seconds:.1f}", "; ".join(notes))
    console.print(table)
    passed, failed, skipped = (
        sum(getattr(one.tally, name) for one in finished) for name in ("passed", "failed", "skipped")
    )
    print(f"{passed} passed, {failed} failed, {skipped} skipped", flush=True)


def _pytest(tally: Tally, *folders: str) -> None:
    present = [folder for folder in folders if any((ROOT / folder).rglob("test_*.py"))]
    tally.missing += [folder for folder in folders if folder not in present]
    if not present:
        return
    with tempfile.TemporaryDirectory(prefix="opsplane-tests-") as temporary:
        report = Path(temporary, "report.xml")
        code = _run([sys.executable, "-m", "pytest", f"--junitxml={report}", *present])
        if code == NOTHING_COLLECTED:
            tally.missing += present
            return
        count_junit(report, tally)
    if code != 0 and not tally.failed:
        tally.failed += 1
        tally.notes.append(f"pytest ended with {code}")


def count_junit(report: Path, tally: Tally) -> None:
    """Add pytest's report. An expected failure is neither a skip nor a failure, so it counts as passed."""
    try:
        cases = list(ElementTree.parse(report).iter("testcase"))  # noqa: S314 - written by our own pytest
    except (OSError, ElementTree.ParseError):
        return
    for case in cases:
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            tally.failed += 1
        elif skipped is not None and skipped.get("type") != "pytest.xfail":
            tally.skipped += 1
        else:
            tally.passed += 1


def _vitest(tally: Tally, node: Node) -> None:
    if not (FRONTEND / "node_modules" / ".bin" / "vitest").exists():
        tally.missing.append("frontend (vitest)")
        return
    with tempfile.TemporaryDirectory(prefix="opsplane-tests-") as temporary:
        report = Path(temporary, "report.json")
        command = _tool("vitest", "run", "--reporter=default", "--reporter=json", f"--outputFile.json={report}")
        succeeded = _succeeds(command, FRONTEND, node)
        failed_before = tally.failed
        count_vitest(report, tally)
    if not succeeded and tally.failed == failed_before:
        tally.check(False)


def count_vitest(report: Path, tally: Tally) -> None:
    try:
        counts = json.loads(report.read_text())
    except (OSError, ValueError):
        return
    tally.passed += counts.get("numPassedTests", 0)
    tally.failed += counts.get("numFailedTests", 0)
    tally.skipped += counts.get("numPendingTests", 0) + counts.get("numTodoTests", 0)


def _frontend_node(tally: Tally) -> Node | None:
    if not (FRONTEND / "package-lock.json").is_file():
        tally.missing.append("frontend")
        return None
    try:
        return developer_packages(FRONTEND, console.print)
    except FrontendError as error:
        console.print(str(error), markup=False, soft_wrap=True)
        tally.check(False)
        return None


def _tool(name: str, *arguments: str) -> list[str]:
    return [str(FRONTEND / "node_modules" / ".bin" / name), *arguments]


def _succeeds(command: list[str], folder: Path = ROOT, node: Node | None = None) -> bool:
    return _run(command, folder, node) == 0


def _run(command: list[str], folder: Path = ROOT, node: Node | None = None) -> int:
    """Its own process group, so that a command which hangs is ended with all its children."""
    environment = node.environment() if node is not None else dict(os.environ)
    try:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, process_group=0)
    except OSError as error:
        console.print(f"can't run {command[0]}: {error.strerror}", markup=False)
        return 127
    try:
        return process.wait(COMMAND_SECONDS)
    except subprocess.TimeoutExpired:
        console.print(f"gave up after {COMMAND_SECONDS} seconds: {' '.join(command)}", style="bold red", markup=False)
        return 124
    finally:
        if process.poll() is None:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGINT, signal.SIGKILL):
        os.killpg(process.pid, number)
        try:
            process.wait(10)
            return
        except subprocess.TimeoutExpired:
            continue


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
