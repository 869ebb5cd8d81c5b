"""A data directory per test. Not ``tmp_path``: as root, Postgres runs as another account, which has to reach it."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.postgres_supervisor import Layout, is_supervised
from tests.support.waiting import eventually


@pytest.fixture(autouse=True)
def no_database_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="opsplane-crash-"))
    made.chmod(0o755)
    yield made
    # A database that outlived the server which started it was nobody's child any more; and some tests have two.
    servers = [Layout(lock.parent) for lock in made.glob("*/postgres/supervisor.lock")]
    eventually(lambda: not any(is_supervised(one) for one in servers), "the databases have gone", seconds=60)
    shutil.rmtree(made)
