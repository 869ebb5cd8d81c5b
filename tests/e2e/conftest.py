"""The real product and a real Chromium, both once per session; a context of its own for every test.

Tests share the demo tenant, so each makes the incidents that it changes. Sizes of things that others change too are
never written down here: they are asked of the API at the same moment.
"""

import shutil
import tempfile
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, StorageState, async_playwright, expect

from infra.local.browser import find_chromium
from tests.e2e.crowd import CROWD, SIZE, empty_beyond, fill, found_crowd
from tests.e2e.product import Account, Api, Product, signed_in, started, with_key
from tests.e2e.views import PICTURES
from tests.e2e.visits import Guard, Visits

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]
PASSED = pytest.StashKey[bool]()

expect.set_options(timeout=10_000)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[PASSED] = report.passed
    return report


@pytest.fixture(scope="session")
def chromium() -> Path:
    path = find_chromium()
    if path is None:
        pytest.skip("BROWSER TESTS SKIPPED: no Chromium (install chromium or set OPSPLANE_CHROMIUM)")
    return path


@pytest.fixture(scope="session")
def product(chromium: Path) -> Iterator[Product]:
    """In a folder that every account may traverse: as root, PostgreSQL runs under another one."""
    folder = Path(tempfile.mkdtemp(prefix="opsplane-e2e-"))
    folder.chmod(0o755)
    try:
        with started(folder) as product:
            yield product
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture(scope="session")
async def browser(chromium: Path) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
def sessions() -> dict[Account, StorageState]:
    return {}


@pytest.fixture
def guard(product: Product) -> Iterator[Guard]:
    guard = Guard(product.base_url)
    yield guard
    guard.check()


@pytest_asyncio.fixture
async def visits(
    request: pytest.FixtureRequest, browser: Browser, guard: Guard, sessions: dict[Account, StorageState]
) -> AsyncIterator[Visits]:
    visits = Visits(browser, guard, sessions)
    yield visits
    if not request.node.stash.get(PASSED, False):
        await visits.picture(PICTURES / "failures", request.node.name)
    await visits.close()


@pytest_asyncio.fixture
async def anonymous(visits: Visits) -> Page:
    return await (await visits.anonymous()).new_page()


@pytest_asyncio.fixture
async def as_admin(visits: Visits, product: Product) -> Page:
    return await (await visits.of(product.account("acme", "admin"))).new_page()


@pytest_asyncio.fixture
async def as_viewer(visits: Visits, product: Product) -> Page:
    return await (await visits.of(product.account("acme", "viewer"))).new_page()


@pytest_asyncio.fixture
async def as_globex(visits: Visits, product: Product) -> Page:
    """Globex has sent nothing: a tenant on its first day."""
    return await (await visits.of(product.account("globex", "admin"))).new_page()


@pytest_asyncio.fixture
async def as_super_admin(visits: Visits, product: Product) -> Page:
    return await (await visits.of(product.super_admin)).new_page()


@pytest_asyncio.fixture(scope="session")
async def api(product: Product) -> AsyncIterator[Api]:
    """Acme's operator, so that what the admin sees was done by somebody else."""
    async with signed_in(product, product.account("acme", "operator")) as api:
        yield api


@pytest_asyncio.fixture(scope="session")
async def sender(product: Product) -> AsyncIterator[Api]:
    """Acme's monitoring, with its API key."""
    async with with_key(product, product.api_key("acme")) as api:
        yield api


@pytest_asyncio.fixture(scope="session")
async def operations(product: Product) -> AsyncIterator[Api]:
    async with signed_in(product, product.super_admin) as api:
        yield api


@pytest_asyncio.fixture(scope="session")
async def crowd(product: Product, operations: Api) -> Account:
    """The admin of a tenant with 5,000 incidents."""
    await found_crowd(product, operations)
    await fill(product)
    return CROWD


@pytest_asyncio.fixture(scope="session")
async def crowd_api(product: Product, crowd: Account) -> AsyncIterator[Api]:
    async with signed_in(product, crowd) as api:
        yield api


@pytest_asyncio.fixture
async def as_crowd(visits: Visits, crowd: Account) -> Page:
    return await (await visits.of(crowd)).new_page()


@pytest_asyncio.fixture
async def crowd_kept(product: Product, crowd: Account) -> AsyncIterator[None]:
    """For a test that adds incidents: afterwards there are as many as before."""
    yield
    await empty_beyond(product, SIZE)
