"""The page where the readers of messages choose what they get, as they see it on a telephone."""

from uuid import UUID

import pytest
from playwright.async_api import Browser, expect

from services.notifier.app import SERVICE
from shared.contracts.consent import PreferenceStated
from shared.testing.harness import Harness
from tests.browser.chromium import visiting
from tests.browser.conftest import Site, Visit
from tests.conftest import HarnessFactory
from tests.notifier.builders import a_customer, an_account


@pytest.fixture
async def notifier(harness: HarnessFactory) -> Harness:
    return await harness(SERVICE)


@pytest.fixture
async def visit(browser: Browser, notifier: Harness, serve: Site) -> Visit:
    address = await serve(notifier.app)
    return lambda **how: visiting(browser, address, **how)


async def page_of(notifier: Harness, account: UUID, locale: str = "en") -> str:
    """The path of a new customer's page."""
    await an_account(notifier, account)
    customer_id = await a_customer(notifier, account, locale=locale)
    found = await notifier.client(account=account).get(f"/v1/customers/{customer_id}/preferences")
    url: str = found.json()["url"]
    return url[url.index("/p/") :]


@pytest.mark.parametrize("scripts", [True, False])
async def test_a_choice_is_saved_and_shown(notifier: Harness, account: UUID, visit: Visit, scripts: bool) -> None:
    path = await page_of(notifier, account)
    async with visit(scripts=scripts) as visitor:
        await visitor.page.goto(path)
        questions = visitor.page.get_by_role("group", name="Questions about how it was")
        await questions.get_by_label("E-mail").uncheck()
        await visitor.page.get_by_role("button", name="Save").click()
        await expect(visitor.page.get_by_role("status")).to_contain_text("Saved.")
        await expect(questions.get_by_label("E-mail")).not_to_be_checked()
        assert {address.partition("/p/")[1] for address in visitor.asked} == {"/p/"}
    [told] = await notifier.emitted(account, PreferenceStated)
    assert isinstance(told.data, PreferenceStated)
    assert (told.data.purpose, told.data.channel, told.data.granted) == ("surveys", "email", False)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en", "ar"])
async def test_axe_finds_nothing(notifier: Harness, account: UUID, visit: Visit, scheme: str, locale: str) -> None:
    path = await page_of(notifier, account, locale=locale)
    async with visit(scheme=scheme) as visitor:
        await visitor.page.goto(path)
        assert await visitor.faults() == []
        await visitor.page.locator("button.go").click()
        await visitor.page.get_by_role("status").wait_for()
        assert await visitor.faults() == []
        await visitor.page.goto("/p/nothing")
        assert await visitor.faults() == []
