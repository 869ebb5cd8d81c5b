"""One tenant from its first day to its deletion and back, as its people and its operators see it: the whole of a
control plane in one story, against a product that sells by a fake Stripe.
"""

import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.product import Account, Product, started, with_key
from tests.e2e.visits import Guard, Visits, sign_in
from tests.support.codes import unused_code
from tests.support.origin import free_port
from tests.support.stripe_process import stripe_beside, until_it_answers

TENANT, NAME = "wayne", "Wayne Enterprises"
ADMIN, PASSWORD = "alva@wayne.example", "a-password-for-alva"
STRIPES_PAGE = r"foreign request: http://127\.0\.0\.1:\d+/checkout/"
STANDS_STILL = "everything can be read, nothing can be changed."
SUSPENDED = "This tenant is suspended"
LEAVING = "This tenant is to be deleted on"


@pytest.fixture
def product(chromium: Path) -> Iterator[Product]:
    """Of its own, since nobody else's tenants may be charged."""
    folder = Path(tempfile.mkdtemp(prefix="opsplane-story-"))
    folder.chmod(0o755)
    port, log = free_port(), folder / "stripe-log"
    try:
        with (
            stripe_beside(port, log) as stripe,
            started(folder, port, OPSPLANE_STORM="0", **stripe.environment) as product,
        ):
            until_it_answers(stripe, log)
            yield product
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def test_a_tenant_lives_pays_stops_goes_and_comes_back(
    visits: Visits, guard: Guard, product: Product, tmp_path: Path
) -> None:
    guard.expect("status of 40[123]", STRIPES_PAGE)
    console = await (await visits.anonymous()).new_page()
    await sign_in(console, product.super_admin)
    await create_tenant(console)
    link = await invite_admin(console)

    alva = await (await visits.anonymous()).new_page()
    await join(alva, link)
    secret = await set_up_authenticator(alva)
    await use_menu(alva, "Sign out")
    await sign_in(alva, Account(ADMIN, PASSWORD, TENANT, secret))

    api_key = await create_keys_up_to_the_limit(alva)
    await pay(alva)
    await use_what_was_paid(alva)

    await suspend(console)
    await be_refused(alva, SUSPENDED)
    await send_what_is_kept(alva, product, api_key)
    await resume(console)
    await see_what_was_kept(alva)

    await export(console, tmp_path)
    await delete(console)
    await alva.goto("/settings/keys")
    await be_refused(alva, LEAVING)
    await restore(console)
    await be_back(alva)


async def open_tab(console: Page, tab: str) -> None:
    await console.get_by_role("navigation", name="About this tenant").get_by_role("link", name=tab).click()


async def create_tenant(console: Page) -> None:
    await console.get_by_role("button", name="Create tenant").click()
    dialog = console.get_by_role("dialog", name="Create tenant")
    await dialog.get_by_label("Name").fill(NAME)
    await dialog.get_by_label("Id, for good").fill(TENANT)
    await dialog.get_by_label("Admin email").fill(ADMIN)
    await dialog.get_by_label("Plan").select_option("free")
    await dialog.get_by_role("button", name="Create tenant").click()
    await expect(dialog).to_be_hidden()
    await console.get_by_role("row").filter(has_text=TENANT).get_by_role("link").first.click()
    await expect(console.get_by_role("heading", level=1)).to_have_text(NAME)
    creation = operation(console, "Creation")
    await expect(creation).to_contain_text("succeeded")
    await expect(
        creation.get_by_role("list", name="Steps of the creation").get_by_role("listitem").first
    ).to_be_visible()


def operation(console: Page, words: str) -> Locator:
    """The newest of its kind."""
    return console.get_by_role("region", name="Operations").locator("ol.operations > li").filter(has_text=words).first


async def invite_admin(console: Page) -> str:
    await open_tab(console, "People")
    await expect(console.get_by_role("region", name="People")).to_contain_text(f"Nobody is in {NAME} yet")
    await console.get_by_role("button", name="Invite admin").click()
    dialog = console.get_by_role("dialog", name="Invite people")
    await expect(dialog.get_by_label("Email addresses")).to_have_value(ADMIN)
    await expect(dialog.get_by_label("Role")).to_have_value("admin")
    await dialog.get_by_role("button", name="Invite 1 person").click()
    invited = console.get_by_role("dialog", name="Invited")
    await expect(invited).to_contain_text("No mail went out: hand this link over yourself.")
    link = await invited.locator(".link-text").text_content()
    await invited.get_by_role("button", name="Done").click()
    await expect(console.get_by_role("region", name="Open invitations")).to_contain_text(f"{ADMIN}as admin")
    assert link is not None
    return link


async def join(alva: Page, link: str) -> None:
    await alva.goto(link)
    await expect(alva.get_by_text(f"invites you to {NAME} as admin.")).to_be_visible()
    await alva.get_by_label("Your name").fill("Alva Berg")
    await alva.get_by_label("Password", exact=True).fill(PASSWORD)
    await alva.get_by_role("button", name=f"Join {NAME}").click()
    await expect(alva.get_by_role("heading", level=1)).to_have_text("Overview")
    await expect(alva.get_by_role("banner")).to_contain_text(NAME)


async def use_menu(alva: Page, item: str) -> None:
    await alva.get_by_role("button", name="User menu: Alva Berg").click()
    await alva.get_by_role("menuitem", name=item).click()


async def set_up_authenticator(alva: Page) -> str:
    await use_menu(alva, "Account")
    await alva.get_by_role("button", name="Set up authenticator app").click()
    await alva.get_by_role("region", name="Authenticator app").get_by_label("Password", exact=True).fill(PASSWORD)
    await alva.keyboard.press("Enter")
    await expect(alva.get_by_alt_text("QR code for your authenticator app")).to_be_visible()
    secret = "".join((await alva.locator(".account-key").text_content() or "").split())
    await alva.get_by_label("Code that the app shows now").fill(unused_code(secret))
    await expect(alva.get_by_role("list", name="Recovery codes")).to_be_visible()
    await alva.get_by_role("button", name="I have kept them").click()
    await expect(alva.get_by_role("region", name="Authenticator app")).to_contain_text("set up")
    return secret


async def create_key(alva: Page, name: str) -> None:
    await alva.get_by_role("button", name="Create API key").click()
    dialog = alva.get_by_role("dialog", name="Create API key")
    await dialog.get_by_label("Name").fill(name)
    await dialog.get_by_role("button", name="Create API key").click()


async def made_key(alva: Page, name: str) -> str:
    dialog = alva.get_by_role("dialog", name=f"The key {name}")
    key = await dialog.locator(".new-key").text_content()
    await dialog.get_by_role("button", name="Done").click()
    assert key is not None
    return key


async def create_keys_up_to_the_limit(alva: Page) -> str:
    await alva.goto("/settings/keys")
    await create_key(alva, "Prometheus")
    api_key = await made_key(alva, "Prometheus")
    for name in ("Grafana", "Datadog"):
        await create_key(alva, name)
        await made_key(alva, name)
    await create_key(alva, "Nagios")
    dialog = alva.get_by_role("dialog", name="Create API key")
    await expect(dialog.get_by_role("alert")).to_contain_text(
        "The key was not made: The plan free allows 3 active ingestion keys (integrations); 3 are used."
    )
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(alva.get_by_role("region", name="API keys").get_by_role("listitem")).to_have_count(3)
    return api_key


async def pay(alva: Page) -> None:
    await alva.goto("/settings/usage")
    await expect(alva.get_by_role("meter", name="Integrations")).to_have_attribute("aria-valuetext", "3 of 3")
    await alva.goto("/settings/billing")
    await expect(alva.get_by_role("region", name="Subscription")).to_contain_text("free")
    await alva.get_by_role("button", name="Subscribe to pro").click()
    await expect(alva.get_by_role("heading", level=1)).to_have_text("Checkout")
    await expect(alva.get_by_text("99.00 USD a month")).to_be_visible()
    await alva.get_by_role("button", name="Pay", exact=True).click()
    await expect(alva.get_by_role("heading", level=1)).to_have_text("Billing")
    subscription = alva.get_by_role("region", name="Subscription")
    await expect(subscription).to_contain_text("pro$99.00 a month")
    await expect(alva.get_by_role("region", name="Invoices").get_by_role("row")).to_have_count(2)


async def use_what_was_paid(alva: Page) -> None:
    await alva.get_by_role("link", name="Plan and usage").first.click()
    await expect(alva.get_by_role("meter", name="Integrations")).to_have_attribute("aria-valuetext", "3 of 30")
    await alva.goto("/settings/keys")
    await create_key(alva, "Nagios")
    await made_key(alva, "Nagios")
    await expect(alva.get_by_role("region", name="API keys").get_by_role("listitem")).to_have_count(4)


async def suspend(console: Page) -> None:
    await open_tab(console, "Suspend, move, delete")
    await console.get_by_role("button", name=f"Suspend {NAME}").click()
    dialog = console.get_by_role("dialog", name=f"Suspend {NAME}")
    await dialog.get_by_label("Reason").fill("Unpaid since May")
    await dialog.get_by_label(f"Type {TENANT} to confirm").fill(TENANT)
    await dialog.get_by_role("button", name=f"Suspend {NAME}").click()
    await expect(console.get_by_role("region", name="Facts")).to_contain_text("Unpaid since May")


async def be_refused(alva: Page, why: str) -> None:
    keys = alva.get_by_role("region", name="API keys").get_by_role("listitem")
    await expect(keys).to_have_count(4)
    await create_key(alva, "Zabbix")
    dialog = alva.get_by_role("dialog", name="Create API key")
    said = re.compile(f"{why}.*: {STANDS_STILL}")
    await expect(dialog.get_by_role("alert")).to_have_text(re.compile(f"The key was not made: {said.pattern}"))
    await dialog.get_by_role("button", name="Cancel").click()
    await alva.reload()
    await expect(keys).to_have_count(4)
    await expect(alva.locator(".standing")).to_contain_text(said)


async def send_what_is_kept(alva: Page, product: Product, api_key: str) -> None:
    async with with_key(product, api_key) as sender:
        await sender.alert("Batcave is flooded", severity="critical", service="batcave")
    await alva.goto("/incidents")
    await expect(alva.locator(".standing")).to_contain_text("1 payload of your senders is kept and not processed yet.")
    await expect(alva.get_by_role("heading", name="No incidents yet")).to_be_visible()


async def resume(console: Page) -> None:
    await console.get_by_role("button", name=f"Resume {NAME}").click()
    dialog = console.get_by_role("dialog", name=f"Resume {NAME}")
    await dialog.get_by_role("button", name=f"Resume {NAME}").click()
    await expect(console.get_by_role("button", name=f"Suspend {NAME}")).to_be_visible()


async def see_what_was_kept(alva: Page) -> None:
    row = alva.get_by_role("row").filter(has_text="Batcave is flooded")
    await expect(row).to_contain_text("P1 Critical")
    await expect(alva.locator(".standing")).to_have_count(0)


async def export(console: Page, folder: Path) -> None:
    await console.get_by_role("button", name=f"Export {NAME}").click()
    dialog = console.get_by_role("dialog", name=f"Export {NAME}")
    await dialog.get_by_label("Reason").fill("They want a copy before they go")
    async with console.expect_download() as started_download:
        await dialog.get_by_role("button", name=f"Export {NAME}").click()
    download = await started_download.value
    archive = folder / download.suggested_filename
    await download.save_as(archive)
    assert re.fullmatch(TENANT + r"-\d{4}-\d\d-\d\d\.tar", archive.name)
    with tarfile.open(archive) as tar:
        assert {"manifest.json", "control/users/00000001.jsonl", "plane/manifest.json"} <= set(tar.getnames())


async def delete(console: Page) -> None:
    await console.get_by_role("button", name=f"Delete {NAME}").click()
    dialog = console.get_by_role("dialog", name=f"Delete {NAME}")
    await dialog.get_by_label(f"Type {TENANT} to confirm").fill(TENANT)
    await dialog.get_by_role("button", name=f"Delete {NAME}").click()
    await expect(console.get_by_role("button", name=f"Restore {NAME}")).to_be_visible()
    await expect(console.get_by_role("region", name="Facts")).to_contain_text("Removed after")


async def restore(console: Page) -> None:
    await console.get_by_role("button", name=f"Restore {NAME}").click()
    dialog = console.get_by_role("dialog", name=f"Restore {NAME}")
    await dialog.get_by_role("button", name=f"Restore {NAME}").click()
    await expect(console.get_by_role("button", name=f"Delete {NAME}")).to_be_visible()
    await open_tab(console, "Operations")
    for words in ("Creation", "Change of plan", "Suspension", "Resumption", "Deletion", "Restoration"):
        await expect(operation(console, words)).to_contain_text("succeeded")


async def be_back(alva: Page) -> None:
    await expect(alva.locator(".standing")).to_have_count(0)
    await create_key(alva, "Zabbix")
    await made_key(alva, "Zabbix")
    await expect(alva.get_by_role("region", name="API keys").get_by_role("listitem")).to_have_count(5)
