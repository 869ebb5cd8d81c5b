"""Real processes of a test: started in a group of their own, watched and ended by pid."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.waiting import eventually

ROOT = Path(__file__).parents[2]


def is_alive(pid: int) -> bool:
    """False for a zombie too: it has ended, only nobody has read its status yet."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def kill(pid: int) -> None:
    """One that has gone by itself meanwhile is as dead: a database's processes come and go."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def descendants(pid: int) -> set[int]:
    """Children, their children and so on; by parent, so that a session of one's own hides nobody."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            parents[int(folder.name)] = int(fields[1])
    found: set[int] = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


@contextmanager
def running(
    command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process whose output goes to ``log``; whatever the test does, it and its group have ended afterwards."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
    try:
        yield process
    finally:
        end(process, signal.SIGKILL)


def end(process: subprocess.Popen[bytes], number: signal.Signals) -> int:
    """Signal this process, not its children, and wait for its end."""
    if process.poll() is None:
        process.send_signal(number)
    return process.wait(30)


def wait_for_end(pids: set[int]) -> None:
    eventually(lambda: not any(is_alive(pid) for pid in pids), f"the end of {sorted(pids)}", seconds=60)
