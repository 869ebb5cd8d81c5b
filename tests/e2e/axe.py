"""axe-core in the page: WCAG 2.0 to 2.2, levels A and AA, and the best practices, in both themes."""

from functools import cache
from typing import Any

from playwright.async_api import Page

from tests.e2e.visits import Theme
from tests.support.processes import ROOT

AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
RUN = """async (tags) => {
  const { violations } = await axe.run({ runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] });
  return violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map((node) => node.target.join(' ')) }));
}"""
THEMES: tuple[Theme, Theme] = ("dark", "light")


@cache
def script() -> str:
    return AXE.read_text()


async def wear(page: Page, theme: Theme) -> None:
    """As if the page had been loaded in it."""
    await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    await page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)


async def findings(page: Page) -> dict[str, list[Any]]:
    """By theme; nothing in them when all is well."""
    await page.evaluate(script())
    found: dict[str, list[Any]] = {}
    for theme in THEMES:
        await wear(page, theme)
        found[theme] = await page.evaluate(RUN, TAGS)
    return found


NOTHING: dict[str, list[Any]] = {theme: [] for theme in THEMES}
