"""The local PostgreSQL: it starts, is shared, keeps data, and never outlives its users.

Real servers and real processes that really get killed. Folders come from `mkdtemp` and not from `tmp_path`, because
as root PostgreSQL runs as another account, which has to reach them.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from infra.local import postgres
from infra.local.postgres import LocalPostgresError
from infra.local.postgres_supervisor import Layout, is_supervised

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_SECONDS = 20

USER_PROGRAM = """
import sys
from pathlib import Path
from infra.local import postgres
print(postgres.database_url(Path(sys.argv[1])), flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _no_database_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="opsplane-test-"))
    yield folder
    eventually(lambda: not is_supervised(Layout(folder)))
    shutil.rmtree(folder)


@pytest.fixture
def user(data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that uses the server; its first line is the URL. It ends when its stdin is closed."""
    with subprocess.Popen(
        [sys.executable, "-c", USER_PROGRAM, str(data_dir)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def eventually(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.02)


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def postmaster_pid(folder: Path) -> int:
    return int((folder / "pg18" / "postmaster.pid").read_text().splitlines()[0])


def sql(url: str, *statements: str) -> str:
    """Run the statements on one connection and return the last one's single value as text."""

    async def run() -> str:
        connection = await asyncpg.connect(url)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return str(await connection.fetchval(statements[-1]))
        finally:
            await connection.close()

    return asyncio.run(run())


def test_two_processes_share_one_durable_server(data_dir: Path, user: subprocess.Popen[str]) -> None:
    with postgres.running(data_dir) as url:
        assert first_line(user) == url
        assert sql(url, "SELECT current_setting('server_version_num')::int / 10000") == "18"
        assert sql(url, "SELECT current_setting('fsync') || current_setting('synchronous_commit')") == "onon"
        assert sql(url, "SELECT current_setting('listen_addresses')") == ""
        pid = postmaster_pid(data_dir)
    with postgres.running(data_dir):
        assert postmaster_pid(data_dir) == pid


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_server_ends_when_its_last_user_is_killed(
    data_dir: Path, user: subprocess.Popen[str], number: signal.Signals
) -> None:
    first_line(user)
    pid = postmaster_pid(data_dir)
    user.send_signal(number)
    eventually(lambda: not is_alive(pid))
    eventually(lambda: not is_supervised(Layout(data_dir)))


def test_server_ends_after_a_clean_exit_and_keeps_its_data(data_dir: Path, user: subprocess.Popen[str]) -> None:
    url = first_line(user)
    sql(url, "CREATE TABLE kept (id int)", "INSERT INTO kept VALUES (7) RETURNING id")
    pid = postmaster_pid(data_dir)
    user.communicate()
    eventually(lambda: not is_alive(pid))
    with postgres.running(data_dir) as url:
        assert sql(url, "SELECT id FROM kept") == "7"


def test_crashed_server_is_started_again_with_its_data(data_dir: Path) -> None:
    with postgres.running(data_dir) as url:
        sql(url, "CREATE TABLE kept (id int)", "INSERT INTO kept VALUES (7) RETURNING id")
        pid = postmaster_pid(data_dir)
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: not is_alive(pid))
        with postgres.running(data_dir) as again:
            assert again == url
            assert sql(url, "SELECT id FROM kept") == "7"
            assert postmaster_pid(data_dir) != pid


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals the child of a killed process")
def test_killed_supervisor_leaves_no_orphan_and_is_replaced(data_dir: Path) -> None:
    with postgres.running(data_dir) as url:
        sql(url, "CREATE TABLE kept (id int)", "INSERT INTO kept VALUES (7) RETURNING id")
        pid = postmaster_pid(data_dir)
        supervisor = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(supervisor, signal.SIGKILL)
        eventually(lambda: not is_supervised(Layout(data_dir)))
        with postgres.running(data_dir) as again:
            assert postmaster_pid(data_dir) != pid
            assert sql(again, "SELECT id FROM kept") == "7"


def test_throw_away_server_is_fast_and_vanishes() -> None:
    with postgres.throw_away() as url:
        assert sql(url, "SELECT current_setting('fsync')") == "off"
        folder = Path(sql(url, "SHOW data_directory"))
        pid = postmaster_pid(folder.parent)
    eventually(lambda: not is_alive(pid))
    eventually(lambda: not folder.parent.exists())


def test_database_url_of_the_environment_wins(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/db")
    assert postgres.database_url(data_dir) == "postgresql://elsewhere/db"
    assert list(data_dir.iterdir()) == []


def test_folder_that_cannot_be_used_is_named_in_one_sentence(data_dir: Path) -> None:
    """For an ordinary user nothing can be written there; as root, PostgreSQL's account can't get there."""
    data_dir.chmod(0o500)
    with pytest.raises(LocalPostgresError, match=r"choose (another|a) data folder") as raised:
        postgres.database_url(data_dir / "inside")
    assert str(data_dir / "inside") in str(raised.value)
    assert "\n" not in str(raised.value)
    data_dir.chmod(0o700)


def test_file_in_the_way_is_named_in_one_sentence(data_dir: Path) -> None:
    (data_dir / "file").touch()
    with pytest.raises(LocalPostgresError, match=r"file: a file is in the way"):
        postgres.database_url(data_dir / "file")


def test_start_that_fails_says_why(data_dir: Path) -> None:
    with (
        pytest.raises(LocalPostgresError, match=r'does not start: .*"shared_buffers".*postgres\.log'),
        postgres.running(data_dir, {"shared_buffers": "nonsense"}),
    ):
        pass
    with postgres.running(data_dir) as url:
        assert sql(url, "SELECT 1") == "1"
