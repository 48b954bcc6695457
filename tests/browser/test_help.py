"""The help pages as people meet them: on a phone, in the dark, without JavaScript, from right to left."""

from typing import Literal
from uuid import UUID

import httpx
import pytest
from playwright.async_api import Browser

from services.tickets.app import SERVICE
from services.tickets.articles.addresses import site_of
from shared.contracts.gateway import AccountCreated
from shared.testing.harness import Harness
from tests.browser.chromium import visiting
from tests.browser.conftest import Site
from tests.conftest import HarnessFactory

BODY = """You can return everything within **30 days**.

## How to send it

1. Print the label from your order.
2. Put it on the box.

| from | costs |
|------|-------|
| Germany | nothing |
| elsewhere | 4.90 € |

> Food cannot be returned.

"""
ENGLISH = {"title": "Returning something", "summary": "How to send a parcel back.", "body": BODY}
ARABIC = {"title": "إرجاع منتج", "summary": "كيف تعيد الطرد.", "body": "يمكنك إرجاع كل شيء خلال **30 يومًا**."}


@pytest.fixture
async def tickets(harness: HarnessFactory) -> Harness:
    return await harness(SERVICE)


async def write(tickets: Harness, account: UUID) -> str:
    """Returns the path of the article in English."""
    created = AccountCreated(account_id=account, name="Corner Bakery", locale="en", timezone="UTC")
    await tickets.deliver(created, account=account, subject=account)
    client = tickets.client(account=account)
    category = (await client.post("/v1/article-categories", json={"names": {"en": "Orders"}})).json()["id"]
    looks = {"intro": {"en": "Answers to what we are asked most."}, "contact_url": "mailto:hello@bakery.example"}
    await client.put("/v1/help-centre", json=looks)
    body = {"visibility": "public", "category_id": category, "translations": {"en": ENGLISH, "ar": ARABIC}}
    article = (await client.post("/v1/articles", json=body)).json()
    for title in ("Where is my parcel?", "Paying by invoice", "Changing an order"):
        more = {"en": {"title": title, "summary": "In short.", "body": "Text."}}
        await client.post("/v1/articles", json=body | {"translations": more})
    return httpx.URL(article["url"]["en"]).path


@pytest.mark.parametrize(("scheme", "locale"), [("light", "en"), ("dark", "en"), ("dark", "ar")])
async def test_every_page_is_without_faults(
    tickets: Harness, account: UUID, browser: Browser, serve: Site, scheme: Literal["light", "dark"], locale: str
) -> None:
    path = await write(tickets, account)
    address, home = await serve(tickets.app), f"/help/{site_of(account)}/{locale}"
    async with visiting(browser, address, scheme=scheme, locale=locale) as visitor:
        for place in (home, path.replace("/en/", f"/{locale}/"), f"{home}/search?q=label", "/help/x/en"):
            await visitor.page.goto(place)
            assert await visitor.faults() == []
            width = await visitor.page.evaluate("document.documentElement.scrollWidth")
            assert width <= 390
        assert {httpx.URL(asked).host for asked in visitor.asked if not asked.startswith("data:")} == {"127.0.0.1"}


async def test_somebody_searches_reads_and_votes_without_javascript(
    tickets: Harness, account: UUID, browser: Browser, serve: Site
) -> None:
    await write(tickets, account)
    address = await serve(tickets.app)
    async with visiting(browser, address, scripts=False) as visitor:
        page = visitor.page
        await page.goto(f"/help/{site_of(account)}/en")
        await page.get_by_role("searchbox").fill("print teh labell")
        await page.keyboard.press("Enter")
        await page.get_by_role("link", name="Returning something").click()
        assert await page.get_by_role("heading", level=1).inner_text() == "Returning something"
        await page.get_by_label("What is missing?").fill("The opening hours")
        await page.get_by_role("button", name="No").click()
        assert await page.get_by_role("status").inner_text() == "Thank you for telling us."
