"""The small process that owns one local PostgreSQL server and leaves when nobody needs it.

Why a process of its own: an application can be killed at any moment, and then nobody would stop its server.
Every application process holds a shared lock on `users.lock`; the kernel drops it however that process ends.
As soon as the supervisor can take the lock exclusively, the last user has gone: it stops PostgreSQL and exits.
There are no process ids to keep and no orphans. If the supervisor itself is killed, Linux signals PostgreSQL.

Runs as a plain script with `python -I -S`, so this file imports the standard library only. Paths, locks and
the "is it ready" question live here as well, because both sides (see `postgres.py`) must agree on them.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import json
import locale
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any

ROLE = "opsplane"
DATABASE = "opsplane"
PORT = 5432  # only part of the socket's file name; nothing listens on the network
MAX_SOCKET_PATH = 100  # sun_path holds 107 bytes on Linux and 103 on macOS
FAILED_STARTS_ALLOWED = 6  # the backends of a killed server may hold its memory for some seconds
POLL_SECONDS = 0.2
STARTING_POLL_SECONDS = 0.02
STOP_SECONDS = 60
PR_SET_PDEATHSIG = 1


class SupervisorError(Exception):
    """A start that failed for good; the text is one sentence for a person."""


@dataclass(frozen=True)
class Layout:
    """Where the parts of one local server lie below its folder."""

    root: Path

    @property
    def cluster(self) -> Path:
        return self.root / "pg18"

    @property
    def users_lock(self) -> Path:
        return self.root / "users.lock"

    @property
    def supervisor_lock(self) -> Path:
        return self.root / "supervisor.lock"

    @property
    def ready(self) -> Path:
        return self.root / "ready"

    @property
    def error(self) -> Path:
        return self.root / "error"

    @property
    def log(self) -> Path:
        return self.root / "postgres.log"

    @property
    def socket_dir(self) -> Path:
        inside = self.root / "run"
        if len(os.fsencode(inside / f".s.PGSQL.{PORT}")) <= MAX_SOCKET_PATH:
            return inside
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]
        return Path("/tmp") / f"opsplane-pg-{digest}"  # noqa: S108 - short by intention; its owner is checked

    @property
    def socket(self) -> Path:
        return self.socket_dir / f".s.PGSQL.{PORT}"


@dataclass(frozen=True)
class Account:
    """The account PostgreSQL runs as when we are root (it refuses to run as root)."""

    uid: int
    gid: int


def run_as(account: Account | None) -> dict[str, Any]:
    """Arguments for `subprocess` that switch to the account, or change nothing."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


@dataclass(frozen=True)
class Order:
    """What a supervisor is told to run; passed as JSON on its command line."""

    root: str
    binaries: str
    account: Account | None
    settings: dict[str, str]
    throw_away: bool

    def encode(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def decode(text: str) -> Order:
        fields = json.loads(text)
        account = fields.pop("account")
        return Order(account=Account(**account) if account else None, **fields)


def open_lock(path: Path) -> int:
    """Open a lock file for reading only, so that a file made by root still serves the folder's owner."""
    return os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)


def try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_supervised(layout: Layout) -> bool:
    """Whether a supervisor is alive. Looking takes the lock for an instant, which a starting supervisor tolerates."""
    descriptor = open_lock(layout.supervisor_lock)
    try:
        return not try_lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def postmaster_status(layout: Layout) -> tuple[int, str] | None:
    """Process id and status word from PostgreSQL's own pid file, or None while there is no complete one."""
    try:
        lines = (layout.cluster / "postmaster.pid").read_text().splitlines()
        return int(lines[0]), lines[7].strip()
    except (OSError, IndexError, ValueError):
        return None


def last_words(layout: Layout) -> str:
    """The last complaint in the log, to put the reason into the error instead of only naming a file.

    A full disk makes more noise after the line that names it, so that line is looked for first.
    """
    try:
        lines = layout.log.read_text(errors="replace").splitlines()[-50:]
    except OSError:
        return "no reason given"
    full = [line for line in lines if "No space left on device" in line]
    complaints = [line for line in lines if any(word in line for word in ("FATAL:", "PANIC:", "error:"))]
    return (full or complaints or lines or ["no reason given"])[-1].strip()


def die_with_parent() -> None:
    """In the child, after the switch of account (which would clear it): ask for SIGINT when the supervisor dies."""
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGINT)


LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def best_locale() -> str:
    """C.UTF-8 where the C library has it. Collation is PostgreSQL's own either way; this is for libc's helpers."""
    try:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    except locale.Error:
        return "C"
    return "C.UTF-8"


class Supervisor:
    """Single-threaded by intention: it polls a few times a second, so nothing can interleave."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.layout = Layout(Path(order.root))
        self.binaries = Path(order.binaries)
        self.users = open_lock(self.layout.users_lock)
        self.told_to_stop = False
        self.nobody_left = False
        self.was_ready = False

    def run(self) -> None:
        """Keep PostgreSQL running until the last user has gone. Raises SupervisorError if it never starts."""
        self.layout.ready.unlink(missing_ok=True)
        self.layout.error.unlink(missing_ok=True)
        self._stop_leftover()
        if not (self.layout.cluster / "PG_VERSION").exists():
            self._create_cluster()
        failures = 0
        while not self._leaving():
            failures = 0 if self._run_once() else failures + 1
            if failures >= FAILED_STARTS_ALLOWED and not self.was_ready:
                raise SupervisorError(
                    f"PostgreSQL does not start: {last_words(self.layout)} (the whole log is {self.layout.log})."
                )
            self._pause(min(0.3 * failures, 5))
        if self.order.throw_away:
            shutil.rmtree(self.layout.root, ignore_errors=True)

    def stop(self, _signal: int, _frame: FrameType | None) -> None:
        self.told_to_stop = True

    def _leaving(self) -> bool:
        """Once granted, the exclusive lock is kept: newcomers wait until PostgreSQL has really gone."""
        self.nobody_left = self.nobody_left or try_lock(self.users, fcntl.LOCK_EX)
        return self.nobody_left or self.told_to_stop

    def _pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self._leaving():
            time.sleep(POLL_SECONDS)

    def _run_once(self) -> bool:
        """One life of PostgreSQL. True if it became ready at some point, or if it was us who stopped it."""
        command: list[str | Path] = [self.binaries / "postgres", "-D", self.layout.cluster, "-p", str(PORT)]
        command += ["-k", self.layout.socket_dir]
        for name, value in self.order.settings.items():
            command += ["-c", f"{name}={value}"]
        process = subprocess.Popen(
            command, cwd="/", umask=0o077, preexec_fn=die_with_parent, **run_as(self.order.account)
        )
        ready = False
        try:
            while process.poll() is None:
                if self._leaving():
                    self._stop(process)
                    return True
                ready = ready or self._announce_ready(process.pid)
                time.sleep(POLL_SECONDS if ready else STARTING_POLL_SECONDS)
        finally:
            self.layout.ready.unlink(missing_ok=True)
        print(f"supervisor: PostgreSQL ended with {process.returncode}; starting it again", file=sys.stderr, flush=True)
        return ready

    def _announce_ready(self, pid: int) -> bool:
        if postmaster_status(self.layout) != (pid, "ready") or not answers(self.layout.socket):
            return False
        self.layout.ready.write_text(f"{pid}\n")
        self.was_ready = True
        return True

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        """SIGINT is PostgreSQL's fast shutdown, SIGQUIT the immediate one (its data survives, by recovery)."""
        if not self.order.throw_away:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(STOP_SECONDS)
                return
            except subprocess.TimeoutExpired:
                print("supervisor: fast shutdown takes too long", file=sys.stderr, flush=True)
        process.send_signal(signal.SIGQUIT)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _stop_leftover(self) -> None:
        """A server whose supervisor was killed is on its way out (Linux) or still there (elsewhere): end it first."""
        status = postmaster_status(self.layout)
        if status is None or not answers(self.layout.socket):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(status[0], signal.SIGINT)
        end = time.monotonic() + STOP_SECONDS
        while answers(self.layout.socket) and time.monotonic() < end:
            time.sleep(STARTING_POLL_SECONDS)

    def _create_cluster(self) -> None:
        """Into a folder beside, then renamed: a half-made cluster can never be mistaken for a whole one."""
        side = self.layout.root / "pg18.new"
        shutil.rmtree(side, ignore_errors=True)
        initdb: list[str | Path] = [self.binaries / "initdb", "-D", side, "-U", ROLE, "--encoding=UTF8"]
        initdb += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", f"--locale={best_locale()}"]
        initdb += ["--auth-local=trust", "--auth-host=reject", "--no-instructions"]
        if self.order.throw_away:
            initdb.append("--no-sync")
        self._create_step(initdb, "")
        single: list[str | Path] = [self.binaries / "postgres", "--single", "-D", side, "postgres"]
        self._create_step(single, f'CREATE DATABASE "{DATABASE}"\n')
        side.rename(self.layout.cluster)

    def _create_step(self, command: list[str | Path], text: str) -> None:
        done = subprocess.run(
            command,
            input=text.encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd="/",
            preexec_fn=die_with_parent,
            check=False,
            **run_as(self.order.account),
        )
        sys.stderr.buffer.write(done.stderr)
        sys.stderr.flush()
        if done.returncode != 0:
            raise SupervisorError(
                f"PostgreSQL could not create its data folder in {self.layout.root}: {last_words(self.layout)}"
                " (check free disk space and the folder's permissions)."
            )


def take_charge(layout: Layout) -> int | None:
    """The supervisor's own lock, or None if another one is in charge. Retries: `is_supervised` may be looking."""
    descriptor = open_lock(layout.supervisor_lock)
    for _ in range(10):
        if try_lock(descriptor, fcntl.LOCK_EX):
            return descriptor
        time.sleep(STARTING_POLL_SECONDS)
    os.close(descriptor)
    return None


def main(text: str) -> int:
    order = Order.decode(text)
    layout = Layout(Path(order.root))
    if take_charge(layout) is None:  # held until this process ends
        return 0
    try:
        supervisor = Supervisor(order)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, supervisor.stop)
        supervisor.run()
    except (SupervisorError, OSError) as error:
        layout.error.write_text(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
