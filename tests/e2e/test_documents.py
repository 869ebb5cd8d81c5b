"""The interactive documents render from the installation itself; the guard hears every request to another host."""

from playwright.async_api import Page, expect

from tests.e2e.visits import Guard


async def test_swagger_shows_the_operations(anonymous: Page) -> None:
    await anonymous.goto("/docs")
    await expect(anonymous.locator(".opblock")).not_to_have_count(0)
    await expect(anonymous.get_by_text("/api/incidents/{reference}/acknowledge")).to_be_visible()


async def test_redoc_shows_the_reference(anonymous: Page) -> None:
    await anonymous.goto("/redoc")
    await expect(anonymous.get_by_role("heading", name="Opsplane API").first).to_be_visible()
    await expect(anonymous.get_by_text("/api/incidents/{reference}/acknowledge").first).to_be_attached()


async def test_graphiql_renders(anonymous: Page, guard: Guard) -> None:
    """It asks for the schema before anybody could give it a token, which is refused."""
    guard.expect(r"status of 401 .*/graphql\)$")
    await anonymous.goto("/graphql")
    await expect(anonymous.locator(".graphiql-container")).to_be_visible()
    await expect(anonymous.locator(".graphiql-query-editor")).to_contain_text("notAcknowledged")
