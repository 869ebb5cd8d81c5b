"""From a bare Python to a ready `.venv`, then on to the real command. Used by the Makefile.

Standard library only, because nothing else is there yet, and without newer syntax: an old Python has to get far
enough to say that it is too old. What may go wrong on somebody else's machine ends in one clear sentence.

    python3 infra/local/bootstrap.py requirements.lock infra.local.cli up
                                     the lock file     the module      its arguments
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent.parent
OLDEST = (3, 11)
NEWER_PYTHONS = ("python3.14", "python3.13", "python3.12", "python3.11")
UV_REQUIREMENTS = Path("infra", "local", "uv-requirements.lock")


class BootstrapError(Exception):
    """The environment can't be made; the text is one sentence that says what to do."""


def main(arguments: list[str]) -> NoReturn:
    if sys.version_info < OLDEST:
        start_again(arguments)
    lock, module, rest = arguments[0], arguments[1], arguments[2:]
    try:
        python = prepare(ROOT, lock)
    except BootstrapError as error:
        sys.exit(f"opsplane: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    os.chdir(ROOT)
    become([str(python), "-m", module, *rest])


def become(command: list[str]) -> NoReturn:
    """Without a process in between, so that signals reach the real command."""
    sys.stdout.flush()
    os.execv(command[0], command)


def start_again(arguments: list[str]) -> NoReturn:
    for name in NEWER_PYTHONS:
        newer = shutil.which(name)
        if newer is not None:
            become([newer, str(Path(__file__).resolve()), *arguments])
    sys.exit(
        "opsplane: needs Python 3.11 or newer, and python3 is {}.{}: install one, or name it with"
        " `make PYTHON=/path/to/python3.12`.".format(*sys.version_info[:2])
    )


def prepare(root: Path, lock: str) -> Path:
    """Make or update `.venv` below `root` so that it holds what `lock` pins. Returns its Python."""
    environment = root / ".venv"
    python = environment / "bin" / "python"
    try:
        with alone(root):
            stamp, wanted = stamp_of(environment, lock), fingerprint(root / lock)
            if not is_healthy(python):
                create_environment(environment)
            if read_stamp(stamp) != wanted:
                install(root, python, lock)
                stamp.write_text(wanted)
    except OSError as error:
        raise BootstrapError(
            f"can't write the Python environment {environment} ({error.strerror or error}):"
            " check the folder's permissions and the free disk space."
        ) from error
    return python


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Two `make` at once: the second waits, then finds everything done. The lock is on the folder itself."""
    descriptor = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def stamp_of(environment: Path, lock: str) -> Path:
    return environment / f".installed-{Path(lock).name}"


def read_stamp(stamp: Path) -> str:
    try:
        return stamp.read_text()
    except OSError:
        return ""


def fingerprint(lock: Path) -> str:
    """Changes when the pinned packages do."""
    try:
        return hashlib.sha256(lock.read_bytes()).hexdigest()
    except OSError as error:
        raise BootstrapError(f"can't read {lock}, which pins the packages: is the checkout whole?") from error


def is_healthy(python: Path) -> bool:
    """False too for an environment whose Python was upgraded away, or that is too old."""
    check = "import sys; sys.exit(sys.version_info < ({}, {}))".format(*OLDEST)
    return python.exists() and run([str(python), "-c", check]) is None


def create_environment(environment: Path) -> None:
    if not os.access(environment.parent, os.W_OK):
        raise BootstrapError(
            f"can't make the Python environment {environment}, because {environment.parent} is not writable for you:"
            " use a copy of the checkout that you own."
        )
    say("Making the Python environment .venv")
    reason = run([sys.executable, "-m", "venv", "--clear", str(environment)])
    if reason is not None:
        shutil.rmtree(environment, ignore_errors=True)
        if "ensurepip" in reason or "No module named venv" in reason:
            raise BootstrapError(
                "this Python comes without its modules venv and ensurepip: install them"
                " (on Debian and Ubuntu: apt install python3-venv) and try again."
            )
        raise BootstrapError(f"can't make the Python environment {environment}: {last_line(reason)}.")


def install(root: Path, python: Path, lock: str) -> None:
    """With uv, which takes seconds; with pip if uv can't be had. Both refuse a package whose hash differs, and take
    what the lock names and nothing else.
    """
    say(f"Installing the packages of {lock} (once)")
    uv = python.parent / "uv"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    pip.append("--require-hashes")
    if run([str(uv), "--version"]) is not None:
        run([*pip, "-r", str(root / UV_REQUIREMENTS)])
    quick = [str(uv), "pip", "install", "--quiet", "--python", str(python), "--require-hashes"]
    quick.append("--system-certs")  # companies put their own authority there
    reason = run([*quick, "--no-deps", "-r", str(root / lock)])
    if reason is None:
        return
    say("uv did not manage; trying pip, which takes a minute")
    reason = run([*pip, "--no-deps", "-r", str(root / lock)])
    if reason is not None:
        raise BootstrapError(
            f"can't install the packages of {lock}: check the network or the proxy settings, and the free disk space"
            f" ({last_line(reason)})."
        )


def run(command: list[str]) -> str | None:
    """None if the command succeeded, else everything it said."""
    try:
        done = subprocess.run(command, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    except OSError as error:
        return str(error)
    return None if done.returncode == 0 else done.stdout.decode(errors="replace") or "no reason given"


def last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else "no reason given"


def say(text: str) -> None:
    sys.stdout.write(f"opsplane: {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
