"""A throw-away installation on a real port, with limits so high that they stay out of the way."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.postgres import throw_away
from shared.logs import configure_logs
from tests.support.origin import Served, served


@pytest.fixture(scope="session")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    configure_logs(level="ERROR")
    folder: Path = tmp_path_factory.mktemp("opsplane")
    with throw_away() as url, served(url, folder) as origin:
        yield origin
