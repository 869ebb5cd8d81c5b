"""Build frontend/ into frontend/dist when its sources have changed, and never lose the build that worked.

Three promises: an unchanged frontend costs a few milliseconds and needs no Node; packages are installed only if those
present don't match the lock file, so a developer's own installation is left alone; a new build is made beside the
old one and swapped in at the end, so a failed build keeps what was being served.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.local.node import Node, NodeError, Progress, find_node

STAMP = ".source-hash"
NOT_SOURCES = {"node_modules", "dist", "coverage"}
STEP_SECONDS = 900
OUTPUT_LINES_SHOWN = 25

FindNode = Callable[[Progress], Node]


class FrontendError(Exception):
    """The frontend could not be built; the text says what to do; the tool's first lines follow, if any."""


def build_frontend(frontend: Path, progress: Progress, find: FindNode = find_node) -> bool:
    """Bring `frontend`/dist up to date. True if it was built, False if nothing had changed. Raises FrontendError."""
    if not (frontend / "package-lock.json").is_file():
        raise FrontendError(
            f"{frontend} has no package-lock.json, so there is nothing to build: is the checkout whole?"
        )
    if is_built(frontend):
        return False
    with _explained(frontend), _alone(frontend):
        wanted = source_hash(frontend)
        if is_built(frontend):  # by whoever we waited for
            return False
        node = find(progress)
        install_packages(frontend, node, progress)
        progress("Building the frontend")
        _build(frontend, node, wanted)
    return True


def developer_packages(frontend: Path, progress: Progress, find: FindNode = find_node) -> Node:
    """The packages for type checks, lint and unit tests as well. Returns the Node to run them with."""
    with _explained(frontend), _alone(frontend):
        node = find(progress)
        install_packages(frontend, node, progress, with_dev=True)
    return node


def is_built(frontend: Path) -> bool:
    try:
        stamp = (frontend / "dist" / STAMP).read_text()
    except OSError:
        return False
    return stamp == source_hash(frontend)


def source_hash(frontend: Path) -> str:
    """Over the paths and bytes of everything a build may read, which includes package-lock.json."""
    digest = hashlib.sha256()
    for path in _sources(frontend):
        name = path.relative_to(frontend).as_posix().encode()
        content = path.read_bytes()
        digest.update(b"%d:%s%d:%s" % (len(name), name, len(content), content))
    return digest.hexdigest()


def _sources(frontend: Path) -> list[Path]:
    found: list[Path] = []
    for folder, folders, files in os.walk(frontend):
        top = Path(folder) == frontend
        folders[:] = [name for name in folders if not name.startswith(".") and not (top and name in NOT_SOURCES)]
        found += [Path(folder, name) for name in files if not name.startswith(".") or name.startswith(".env")]
    return sorted(found)


def packages_match(frontend: Path, *, with_dev: bool) -> bool:
    """Whether node_modules holds what package-lock.json asks for, by the list npm itself leaves there at the end.

    A stamp of our own would say less: it would not know an installation made by a developer's `npm ci`.
    """
    wanted = _packages(frontend / "package-lock.json")
    present = _packages(frontend / "node_modules" / ".package-lock.json")
    if not wanted or not present:
        return False
    return all(
        name in present and present[name].get("version") == package.get("version")
        for name, package in wanted.items()
        if name and _is_needed(package, with_dev=with_dev)
    )


def _packages(lock: Path) -> dict[str, dict[str, Any]]:
    try:
        content = json.loads(lock.read_text())
    except (OSError, ValueError):
        return {}
    packages: dict[str, dict[str, Any]] = content.get("packages", {})
    return packages


def _is_needed(package: dict[str, Any], *, with_dev: bool) -> bool:
    """Optional packages are for other platforms, mostly; npm leaves those out and so do we."""
    if package.get("optional") or package.get("devOptional"):
        return False
    return with_dev or not package.get("dev")


def install_packages(frontend: Path, node: Node, progress: Progress, *, with_dev: bool = False) -> None:
    """`npm ci` if needed. No package's install script is ever run; a developer's packages are renewed, not removed."""
    if packages_match(frontend, with_dev=with_dev):
        return
    present = _packages(frontend / "node_modules" / ".package-lock.json")
    with_dev = with_dev or any(package.get("dev") for package in present.values())
    progress("Installing the frontend's packages")
    command = [*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    if not with_dev:
        command.append("--omit=dev")
    advice = "The frontend's packages could not be installed: check the network and try again."
    _run(command, frontend, node, advice)


def _build(frontend: Path, node: Node, wanted: str) -> None:
    """Into node_modules, which is on the same disk and never committed, then swapped in."""
    side = Path(tempfile.mkdtemp(prefix=".opsplane-dist-", dir=frontend / "node_modules"))
    try:
        new = side / "new"
        command = [*node.node, "node_modules/vite/bin/vite.js", "build", "--outDir", str(new), "--emptyOutDir"]
        command += ["--logLevel", "warn"]
        _run(command, frontend, node, "The frontend could not be built, so the previous build stays: see below.")
        if not (new / "index.html").is_file():
            raise FrontendError("The frontend's build made no index.html, so the previous build stays.")
        (new / STAMP).write_text(wanted)
        dist = frontend / "dist"
        if dist.exists():
            dist.rename(side / "old")
        new.rename(dist)
    finally:
        shutil.rmtree(side, ignore_errors=True)


def _run(command: list[str], frontend: Path, node: Node, advice: str) -> None:
    try:
        done = subprocess.run(
            command,
            cwd=frontend,
            env={**node.environment(), "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=STEP_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise FrontendError(f"{advice} (gave up after {STEP_SECONDS} seconds)") from None
    if done.returncode != 0:
        raise FrontendError("\n".join([advice, *done.stdout.strip().splitlines()[:OUTPUT_LINES_SHOWN]]))


@contextmanager
def _alone(frontend: Path) -> Iterator[None]:
    """One builder at a time. The lock is on the folder itself: `npm ci` deletes any file below node_modules."""
    descriptor = os.open(frontend, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _explained(frontend: Path) -> Iterator[None]:
    try:
        yield
    except NodeError as error:
        raise FrontendError(str(error)) from error
    except OSError as error:
        raise FrontendError(
            f"The frontend could not be built in {frontend} ({error.strerror or error}):"
            " check the folder's permissions and the free disk space."
        ) from error
