"""What can't start says why, in one sentence and with exit status 1."""

import fcntl
import os
import socket
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from infra.local.options import Unusable, read_options
from infra.local.postgres import throw_away
from tests.crash.product import UP, environment, up
from tests.support.origin import HOST, free_port
from tests.support.processes import ROOT


def sentence(folder: Path, **changes: str) -> str:
    """The one that `up` ends with."""
    told: Mapping[str, str] = {**os.environ, **environment(folder / "data", free_port()), **changes}
    done = subprocess.run(UP, cwd=ROOT, env=told, capture_output=True, text=True, timeout=60, check=False)
    said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    assert done.returncode == 1, said
    assert "Traceback" not in done.stdout + done.stderr
    (only,) = [line for line in said if not line.startswith("✓")]
    assert only.startswith("✗ ") and only.count("✗") == 1
    return only.removeprefix("✗ ")


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        yield taken.getsockname()[1]


def test_a_busy_port(folder: Path, taken_port: int) -> None:
    said = sentence(folder, OPSPLANE_PORT=str(taken_port))
    assert str(taken_port) in said and "OPSPLANE_PORT" in said
    assert not (folder / "data").exists(), "nothing was begun"


@pytest.mark.parametrize("port", ["", "0", "65536", "-1", "http", "\uff18\uff10"])
def test_a_port_that_is_none(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setenv("OPSPLANE_PORT", port)
    with pytest.raises(Unusable, match="OPSPLANE_PORT"):
        read_options()


def test_a_port_that_is_none_ends_the_command(folder: Path) -> None:
    assert "OPSPLANE_PORT" in sentence(folder, OPSPLANE_PORT="http")


def test_a_data_directory_below_a_file(folder: Path) -> None:
    (folder / "file").write_text("in the way")
    said = sentence(folder, OPSPLANE_DATA=str(folder / "file" / "data"))
    assert str(folder / "file" / "data") in said and "OPSPLANE_DATA" in said


def test_a_data_directory_that_is_a_file(folder: Path) -> None:
    (folder / "file").write_text("in the way")
    assert "OPSPLANE_DATA" in sentence(folder, OPSPLANE_DATA=str(folder / "file"))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://nobody@127.0.0.1:1/nothing",
        "mysql://nobody@127.0.0.1/nothing",
        "nonsense",
    ],
)
def test_a_database_that_can_not_be_reached(folder: Path, url: str) -> None:
    said = sentence(folder, DATABASE_URL=url)
    assert "DATABASE_URL" in said


def test_a_password_of_the_database_is_not_shown(folder: Path) -> None:
    assert "topsecret" not in sentence(folder, DATABASE_URL="postgresql://nobody:topsecret@127.0.0.1:1/nothing")


def test_a_broken_file_of_secrets(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "secrets.json").write_text("{")
    assert "secrets.json" in sentence(folder)


def test_a_broken_file_of_demo_accounts(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "demo.json").write_text("{")
    assert "demo.json" in sentence(folder)


def test_demo_accounts_whose_passwords_are_lost(folder: Path) -> None:
    """Another data directory on the same database, for example a container without its volume."""
    with throw_away() as url, up(folder, DATABASE_URL=url):
        said = sentence(folder, DATABASE_URL=url, OPSPLANE_DATA=str(folder / "another"))
    assert str(folder / "another" / "demo.json") in said


def test_a_twin_that_is_starting(folder: Path) -> None:
    """Both found the port free: the later one says so, instead of failing at the socket after all its work."""
    port, data_dir = free_port(), folder / "data"
    data_dir.mkdir()
    with (data_dir / f"up-{port}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        said = sentence(folder, OPSPLANE_PORT=str(port))
    assert str(port) in said and "OPSPLANE_PORT" in said
    assert not (data_dir / "secrets.json").exists(), "nothing was begun"
