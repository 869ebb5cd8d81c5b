"""The operators' console: its own address, its own look, and tenants made in it."""

from urllib.parse import urlsplit

from playwright.async_api import Page, Request, expect

from tests.e2e.product import Api, Product
from tests.e2e.visits import Guard, sign_in


async def test_it_has_a_login_and_a_look_of_its_own(anonymous: Page, product: Product) -> None:
    await anonymous.goto("/control")
    await expect(anonymous).to_have_url(f"{product.base_url}/control/login")
    await expect(anonymous.get_by_role("heading", level=1)).to_have_text("Sign in to the control plane")
    await expect(anonymous.get_by_role("region", name="Demo accounts").get_by_role("button")).to_have_count(1)
    await sign_in(anonymous, product.super_admin)
    await expect(anonymous).to_have_url(f"{product.base_url}/control/tenants")
    await expect(anonymous.get_by_role("banner")).to_contain_text("Control plane")
    await expect(anonymous.locator(".control")).to_have_css("border-top", "3px solid rgb(245, 165, 92)")
    await anonymous.get_by_role("button", name="Sign out").click()
    await expect(anonymous).to_have_url(f"{product.base_url}/control/login")


async def test_it_lists_tenants_and_finds_them(as_super_admin: Page, operations: Api) -> None:
    total = (await operations.get("/api/tenants"))["total"]
    await as_super_admin.goto("/control/tenants")
    rows = as_super_admin.locator("tbody tr")
    await expect(rows).to_have_count(total)
    await expect(as_super_admin.get_by_role("status").first).to_have_text(f"{total} of {total}")
    await as_super_admin.get_by_label("Search").fill("globex")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("Globex")
    await as_super_admin.get_by_label("Search").fill("nobody is called so")
    await as_super_admin.get_by_role("button", name="Clear search").click()
    await expect(rows).to_have_count(total)


async def test_a_tenant_is_created_once_however_often_it_is_asked_for(as_super_admin: Page, operations: Api) -> None:
    created: list[Request] = []
    as_super_admin.on(
        "request",
        lambda request: (
            created.append(request)
            if request.method == "POST" and urlsplit(request.url).path == "/api/tenants"
            else None
        ),
    )
    await as_super_admin.goto("/control/tenants")
    await as_super_admin.get_by_role("button", name="Create tenant").click()
    dialog = as_super_admin.get_by_role("dialog", name="Create tenant")
    await expect(dialog.get_by_label("Name")).to_be_focused()
    await as_super_admin.keyboard.type("Umbrella Corp.")
    await expect(dialog.get_by_label("Id, for good")).to_have_value("umbrella-corp")
    await dialog.get_by_label("Admin email").fill("admin@umbrella.example")
    await dialog.get_by_label("Plan").select_option("pro")
    await expect(dialog).to_contain_text("50 people")
    await dialog.get_by_role("button", name="Create tenant").dblclick()
    await expect(as_super_admin.get_by_role("region", name="Messages")).to_contain_text(
        "Umbrella Corp. was created and is active"
    )
    await expect(as_super_admin.get_by_role("row").filter(has_text="umbrella-corp")).to_contain_text("active")
    assert len(created) == 1
    assert (await operations.get("/api/tenants/umbrella-corp"))["state"] == "active"


async def test_a_tenant_that_exists_is_refused_in_words(as_super_admin: Page, guard: Guard) -> None:
    guard.expect("status of 409")
    await as_super_admin.goto("/control/tenants")
    await as_super_admin.get_by_role("button", name="Create tenant").click()
    dialog = as_super_admin.get_by_role("dialog", name="Create tenant")
    await dialog.get_by_label("Name").fill("Acme")
    await dialog.get_by_label("Admin email").fill("admin@acme.example")
    await dialog.get_by_role("button", name="Create tenant").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("The tenant was not created:")
    await expect(dialog.get_by_label("Name")).to_have_value("Acme")


async def test_an_address_that_is_not_there_says_so(as_super_admin: Page) -> None:
    await as_super_admin.goto("/control/nothing")
    await expect(as_super_admin.get_by_role("heading", level=1)).to_have_text("Nothing here")
    await expect(as_super_admin).to_have_title("Nothing here – Opsplane control plane")
