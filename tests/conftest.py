"""Every test run has its own PostgreSQL: started here, migrated once, gone with the run. Commits are real."""

from collections.abc import Iterator

import pytest

from infra.local.postgres import throw_away


@pytest.fixture(scope="session")
def admin_url() -> Iterator[str]:
    """The owner's URL of an empty database."""
    with throw_away() as url:
        yield url
