"""Browser contexts of signed-in people, and a guard that hears what their pages complain about."""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Error, Request

from tests.e2e.product import Account

Theme = Literal["dark", "light"]
STORAGE_KEYS = {True: "opsplane.refresh.control", False: "opsplane.refresh.tenant"}
MEASURE_SHIFTS = """
window.shifts = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    window.shifts += entry.hadRecentInput ? 0 : entry.value;
  }
}).observe({ type: 'layout-shift', buffered: true });
"""


@dataclass
class Guard:
    """No console error or warning, nothing thrown, no request to another host; except what a test says it provokes."""

    base_url: str
    heard: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        context.on("console", self._console)
        context.on("weberror", lambda error: self.heard.append(f"thrown: {error.error}"))
        context.on("request", self._request)

    def expect(self, *patterns: str) -> None:
        self.expected += patterns

    def check(self) -> None:
        unexpected = [text for text in self.heard if not any(re.search(known, text) for known in self.expected)]
        assert unexpected == []

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.heard.append(f"console {message.type}: {message.text} ({message.location.get('url', '')})")

    def _request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in ("http", "https", "ws", "wss") and address.netloc != urlsplit(self.base_url).netloc:
            self.heard.append(f"foreign request: {request.url}")


class Seats:
    """Refresh tokens by account. A page uses one up and gets the next, so it is handed on from test to test: the login
    is limited to 100 requests a minute for all of us.
    """

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._free: dict[Account, list[str]] = defaultdict(list)

    async def take(self, account: Account) -> str:
        if self._free[account]:
            return self._free[account].pop()
        body = {"email": account.email, "password": account.password}
        async with httpx.AsyncClient(base_url=self._base_url, timeout=30) as client:
            response = await client.post("/api/auth/token", json=body)
        return str(response.raise_for_status().json()["data"]["refresh_token"])

    def give_back(self, account: Account, state: Any) -> None:
        key = STORAGE_KEYS[account.tenant_id is None]
        stored = [item["value"] for origin in state["origins"] for item in origin["localStorage"] if item["name"] == key]
        self._free[account] += stored


@dataclass
class Visits:
    """Opens contexts for one test and closes them at its end."""

    browser: Browser
    guard: Guard
    seats: Seats
    open: list[tuple[BrowserContext, Account | None]] = field(default_factory=list)

    async def anonymous(self, *, theme: Theme = "dark", width: int = 1440, height: int = 900) -> BrowserContext:
        return await self._context(None, theme, width, height, {})

    async def of(
        self, account: Account, *, theme: Theme = "dark", width: int = 1440, height: int = 900, **options: Any
    ) -> BrowserContext:
        key = STORAGE_KEYS[account.tenant_id is None]
        token = {"name": key, "value": await self.seats.take(account)}
        storage = {"cookies": [], "origins": [{"origin": self.guard.base_url, "localStorage": [token]}]}
        return await self._context(account, theme, width, height, {**options, "storage_state": storage})

    async def _context(
        self, account: Account | None, theme: Theme, width: int, height: int, options: dict[str, Any]
    ) -> BrowserContext:
        context = await self.browser.new_context(
            base_url=self.guard.base_url,
            color_scheme=theme,
            viewport={"width": width, "height": height},
            timezone_id="Europe/Berlin",
            locale="en-GB",
            **options,
        )
        context.set_default_timeout(10_000)
        await context.add_init_script(MEASURE_SHIFTS)
        self.guard.watch(context)
        self.open.append((context, account))
        return context

    async def picture(self, folder: Path, name: str) -> None:
        """What a failed test had on its screens."""
        pages = [page for context, _ in self.open for page in context.pages]
        for number, page in enumerate(pages):
            await page.screenshot(path=folder / f"{name}-{number}.png")

    async def close(self, *, keep_seats: bool) -> None:
        for context, account in self.open:
            try:
                if account is not None and keep_seats:
                    self.seats.give_back(account, await context.storage_state())
            except Error:
                continue  # closed by the test itself, with its seat
            finally:
                await context.close()
