"""How long `up` takes to /readyz, first and second start, against the bare start of the embedded Postgres.

Runs beside the checkout through links, with a data folder of its own; an unbuilt frontend counts as built, so that
nobody's build is touched.
"""

import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from infra.local.frontend_build import STAMP, is_built, source_hash
from infra.local.postgres import running
from infra.local.postgres_supervisor import Layout, is_supervised
from tests.bench.measure import console, median, progress, table, write_json

ROOT = Path(__file__).parents[2]
PACKAGES = ("control_plane", "tenant_plane", "shared", "infra")
MOST_SECONDS = 120
STARTS = ("first", "second")
IMPORTS = "import infra.local.cli"


@dataclass(frozen=True)
class Start:
    """Seconds since the process began; ``steps`` are the lines with a tick that `up` prints."""

    ready: float
    steps: dict[str, float]


@contextmanager
def linked_checkout() -> Iterator[Path]:
    """A folder that Python takes for the checkout."""
    folder = Path(tempfile.mkdtemp(prefix="opsplane-bench-"))
    folder.chmod(0o755)
    try:
        for name in PACKAGES:
            (folder / name).symlink_to(ROOT / name)
        frontend = folder / "frontend"
        if is_built(ROOT / "frontend"):
            frontend.symlink_to(ROOT / "frontend")
        else:
            (frontend / "dist").mkdir(parents=True)
            (frontend / "package-lock.json").write_text("{}")
            (frontend / "dist" / STAMP).write_text(source_hash(frontend))
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def data_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="opsplane-bench-data-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def start_up(checkout: Path, data: Path) -> Start:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment |= {"OPSPLANE_STORM": "0", "OPSPLANE_DATA": str(data), "OPSPLANE_PORT": str(port)}
    command = [sys.executable, "-u", "-m", "infra.local.cli", "up"]
    started = time.perf_counter()
    with subprocess.Popen(command, cwd=checkout, env=environment, stdout=subprocess.PIPE) as process:
        try:
            return _watched(process, port, started)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
            left(data)


def _watched(process: subprocess.Popen[bytes], port: int, started: float) -> Start:
    assert process.stdout is not None, "it is a pipe"
    os.set_blocking(process.stdout.fileno(), False)
    steps: dict[str, float] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while (passed := time.perf_counter() - started) < MOST_SECONDS:
            selector.select(0.01)
            for line in (process.stdout.read() or b"").decode().splitlines():
                if line.startswith("✓"):
                    steps[line.removeprefix("✓ ")] = time.perf_counter() - started
            if process.poll() is not None:
                raise RuntimeError(f"`up` ended with status {process.returncode}")
            if _ready(port):
                return Start(time.perf_counter() - started, steps)
    raise RuntimeError(f"`up` was not ready after {passed:.0f} s")


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def start_postgres(data: Path) -> float:
    started = time.perf_counter()
    with running(data):
        seconds = time.perf_counter() - started
    left(data)
    return seconds


def left(data: Path) -> None:
    """Wait until the server of a folder is gone, so that the next start is one."""
    layout, end = Layout(data.resolve()), time.monotonic() + 60
    while is_supervised(layout) and time.monotonic() < end:
        time.sleep(0.05)


def import_seconds(checkout: Path) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", IMPORTS], cwd=checkout, check=True)
    return time.perf_counter() - started


def main(
    rounds: Annotated[int, typer.Option(min=1, max=10)] = 2,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the results there.")] = None,
) -> None:
    """From `up` to /readyz, first and second start, as a ratio to the bare start of the embedded Postgres."""
    up: dict[str, list[Start]] = {name: [] for name in STARTS}
    bare: dict[str, list[float]] = {name: [] for name in STARTS}
    imports = []
    with linked_checkout() as checkout, progress() as bar:
        task = bar.add_task("Starts", total=rounds * 4)
        for _ in range(rounds):
            imports.append(import_seconds(checkout))
            with data_folder() as ours, data_folder() as theirs:
                for name in STARTS:
                    up[name].append(start_up(checkout, ours))
                    bar.advance(task)
                    bare[name].append(start_postgres(theirs))
                    bar.advance(task)
    results = [summary(name, up[name], bare[name], imports) for name in STARTS]
    console.print(table("From `up` to /readyz", [{k: v for k, v in row.items() if k != "steps"} for row in results]))
    for row in results:
        steps = [{"step": step, "after s": seconds} for step, seconds in row["steps"].items()]
        console.print(table(f"Steps of the {row['start']} start", steps))
    write_json(json_file, results)


def summary(name: str, starts: list[Start], bare: list[float], imports: list[float]) -> dict[str, Any]:
    return {
        "start": name,
        "ratio to Postgres": median([start.ready / floor for start, floor in zip(starts, bare, strict=True)]),
        "ready after s": median([start.ready for start in starts]),
        "Postgres alone s": median(bare),
        "imports s": median(imports),
        "steps": {
            "imports alone": median(imports),
            **{step: median([start.steps[step] for start in starts]) for step in starts[0].steps},
            "/readyz says ready": median([start.ready for start in starts]),
        },
    }


if __name__ == "__main__":
    typer.run(main)
