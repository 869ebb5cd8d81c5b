"""Whether a page fits into its window: nothing scrolls sideways, no control is cut off."""

from collections.abc import Sequence

from playwright.async_api import Page, expect

WIDTHS = (375, 768, 1280)
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
CUT = """() => [...document.querySelectorAll('main button, main h1, main h2, header button, nav a')]
  .filter((element) => {
    const box = element.getBoundingClientRect();
    const hidden = box.width <= 1 || getComputedStyle(element).visibility === 'hidden';
    const scrolls = '.skip, .visually-hidden, .tabs, .kinds, .grid, .table-scroll, .control-scroll, .settings-nav';
    return !hidden && !element.closest(scrolls) && (box.left < -1 || box.right > innerWidth + 1);
  })
  .map((element) => element.textContent || element.getAttribute('aria-label'))"""


async def fits(page: Page, widths: Sequence[int] = WIDTHS) -> None:
    for width in widths:
        await page.set_viewport_size({"width": width, "height": 800})
        await expect(page.locator("[aria-busy=true]")).to_have_count(0)
        assert await page.evaluate(OVERFLOW) <= 0, f"scrolls sideways at {width} px"
        assert await page.evaluate(CUT) == [], f"cut at {width} px"
