"""Browser contexts of signed-in people, and a guard that hears what their pages complain about."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, StorageState, expect

from tests.e2e.product import Account

Theme = Literal["dark", "light"]
SECOND_STEP = (r"status of 401 .*/api/auth/token",)
"""The right password of somebody who needs a code as well is answered with 401."""
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


async def sign_in(page: Page, account: Account) -> None:
    """Through the form, to the first page behind it."""
    await page.goto("/login" if account.tenant_id else "/control/login")
    await page.get_by_label("Email").fill(account.email)
    await page.get_by_label("Password", exact=True).fill(account.password)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    for code in account.codes:
        await page.get_by_label("Code of your authenticator app").fill(code)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Overview" if account.tenant_id else "Tenants")


@dataclass
class Visits:
    """Opens contexts for one test and closes them at its end."""

    browser: Browser
    guard: Guard
    sessions: dict[Account, StorageState]
    open: list[BrowserContext] = field(default_factory=list)

    async def anonymous(self, *, theme: Theme = "dark", width: int = 1440, height: int = 900) -> BrowserContext:
        return await self._context(theme, width, height)

    async def of(
        self, account: Account, *, theme: Theme = "dark", width: int = 1440, height: int = 900
    ) -> BrowserContext:
        """Signed in already: every person uses the form once, then what the browser keeps of it is used again."""
        if account not in self.sessions:
            self.guard.expect(*SECOND_STEP if account.totp_secret else ())
            context = await self._context(theme, width, height)
            await sign_in(await context.new_page(), account)
            self.sessions[account] = await context.storage_state(indexed_db=True)
        return await self._context(theme, width, height, storage_state=self.sessions[account])

    async def _context(self, theme: Theme, width: int, height: int, **options: Any) -> BrowserContext:
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
        self.open.append(context)
        return context

    async def picture(self, folder: Path, name: str) -> None:
        """What a failed test had on its screens."""
        pages = [page for context in self.open for page in context.pages]
        for number, page in enumerate(pages):
            await page.screenshot(path=folder / f"{name}-{number}.png")

    async def close(self) -> None:
        for context in self.open:
            await context.close()
