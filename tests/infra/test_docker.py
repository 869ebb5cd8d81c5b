"""The Dockerfile, read and not built: there is no engine where these tests run."""

import ast
import re
import shlex
from fnmatch import fnmatch

import pytest

from control_plane.provisioning.manifests.workloads import USER_ID
from tests.support.processes import ROOT

FOLDER = ROOT / "infra" / "docker"
Instruction = tuple[str, str]


def instructions() -> list[Instruction]:
    text = re.sub(r"^\s*#.*\n", "", (FOLDER / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = [line for line in re.sub(r"\\\n\s*", " ", text).splitlines() if line.strip()]
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines]


def stages() -> list[list[Instruction]]:
    found: list[list[Instruction]] = []
    for instruction in instructions():
        if instruction[0] == "FROM":
            found.append([])
        found[-1].append(instruction)
    return found


def of(stage: list[Instruction], name: str) -> list[str]:
    return [value for instruction, value in stage if instruction == name]


def copied() -> list[str]:
    """What comes from the checkout."""
    copies = [shlex.split(value) for stage in stages() for value in of(stage, "COPY")]
    return [source for copy in copies if not copy[0].startswith("--from=") for source in copy[:-1]]


def test_every_instruction_is_one_that_docker_knows() -> None:
    known = {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "EXPOSE", "CMD"}
    assert {name for name, _ in instructions()} == known


def test_what_is_built_and_what_runs_are_apart() -> None:
    frontend, packages, runtime = stages()
    assert [of(stage, "FROM")[0] for stage in stages()] == [
        "node:24-slim AS frontend",
        "python:3.13-slim AS packages",
        "python:3.13-slim",
    ]
    taken = [value for value in of(runtime, "COPY") if value.startswith("--from=")]
    assert {value.split()[0] for value in taken} == {"--from=packages", "--from=frontend"}
    assert of(frontend, "RUN")[0].startswith("npm ci")
    assert "--require-hashes" in of(packages, "RUN")[0] and "--only-binary=:all:" in of(packages, "RUN")[0]
    assert not any(tool in value for value in of(runtime, "RUN") for tool in ("apt-get", "pip install", "npm"))


def test_it_runs_as_nobody_special_and_writes_nothing() -> None:
    runtime = stages()[-1]
    assert of(runtime, "USER") == [f"{USER_ID}:{USER_ID}"]
    assert runtime.index(("USER", f"{USER_ID}:{USER_ID}")) > max(
        index for index, (name, _) in enumerate(runtime) if name in ("RUN", "COPY")
    )
    assert "PYTHONDONTWRITEBYTECODE=1" in of(runtime, "ENV")[0]
    assert ast.literal_eval(of(runtime, "CMD")[0]) == ["python", "-m", "tenant_plane"]


@pytest.mark.parametrize("source", copied())
def test_what_is_copied_exists_and_is_not_ignored(source: str) -> None:
    assert (ROOT / source).exists()
    lines = (FOLDER / "Dockerfile.dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    path = source.rstrip("/")
    allowed = [rule[1:] for rule in rules if rule.startswith("!")]
    assert any(path == rule or path.startswith(f"{rule}/") for rule in allowed)
    assert not any(fnmatch(path, rule) for rule in rules[1:] if not rule.startswith("!"))


def test_what_the_commands_need_is_in_the_image() -> None:
    for module in ("control_plane", "tenant_plane"):
        assert f"{module}/" in copied() and (ROOT / module / "__main__.py").exists()
    assert (ROOT / "infra" / "local" / "web.py").exists()


def test_the_lock_has_a_hash_for_everything() -> None:
    """``--no-deps --require-hashes``: what is not in there is not installed."""
    lock = (ROOT / "requirements.lock").read_text()
    packages = re.findall(r"^(\S+)==", lock, flags=re.MULTILINE)
    assert len(packages) > 30
    assert all(re.search(rf"^{re.escape(name)}==[^\n]*\\\n\s+--hash=sha256:", lock, re.MULTILINE) for name in packages)
