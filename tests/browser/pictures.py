"""The pictures of the documentation: `make test T=tests/browser/pictures.py` takes them anew, into docs/images.

It is no test, and only runs when it is named.
"""

from pathlib import Path
from typing import Literal
from uuid import UUID

from playwright.async_api import Browser, Page

from services.tickets.app import SERVICE as TICKETS
from services.tickets.articles.addresses import site_of
from shared.contracts.gateway import AccountCreated
from shared.testing.harness import Harness
from tests.browser.chromium import visiting
from tests.browser.conftest import Site, Visit
from tests.browser.everything import DEFINITION, answer_scores, choose, go_on
from tests.browser.test_help import write
from tests.browser.test_page import open_page
from tests.conftest import HarnessFactory

IMAGES = Path(__file__).parents[2] / "docs" / "images"


async def take(page: Page, name: str, *, whole: bool = True) -> None:
    # The focus ring is for whoever has a keyboard, not for a picture.
    await page.evaluate("document.activeElement.blur()")
    await page.evaluate("scrollTo(0, 0)")
    await page.screenshot(path=IMAGES / f"survey-{name}.png", full_page=whole)


async def name_business(survey: Harness, account: UUID) -> None:
    created = AccountCreated(account_id=account, name="Corner Bakery", locale="en", timezone="UTC")
    await survey.deliver(created, account=account, subject=account)


async def test_phone(survey: Harness, account: UUID, visit: Visit) -> None:
    await name_business(survey, account)
    path = await open_page(survey, account, kind="nps")
    async with visit() as visitor:
        await visitor.page.goto(f"{path}?score=2")
        await take(visitor.page, "phone", whole=False)


async def test_pages(survey: Harness, account: UUID, visit: Visit) -> None:
    await name_business(survey, account)
    path = await open_page(survey, account, kind="custom", definition=DEFINITION)
    async with visit() as visitor:
        page = visitor.page
        await page.goto(path)
        await answer_scores(page, scripts=True)
        await take(page, "scores")
        await go_on(page)
        await choose(page, "liked", "price")
        await choose(page, "liked", "taste")
        await choose(page, "table.taste", "good")
        await page.locator("[name='order.taste']").select_option("1")
        await go_on(page)
        await take(page, "mistake")
        await choose(page, "matters", "taste")
        await page.locator("[name='order.service']").select_option("2")
        await page.locator("[name='order.price']").select_option("3")
        for row, grade in (("price", "fair"), ("service", "bad")):
            await choose(page, f"table.{row}", grade)
        await take(page, "choices")
        await go_on(page)
        await page.locator("#agree").check()
        await take(page, "details")
        await go_on(page)
        await take(page, "ending", whole=False)


async def test_arabic(survey: Harness, account: UUID, visit: Visit) -> None:
    await name_business(survey, account)
    path = await open_page(survey, account, kind="custom", definition=DEFINITION)
    async with visit(locale="ar", scheme="dark") as visitor:
        await visitor.page.goto(path)
        await answer_scores(visitor.page, scripts=True)
        await take(visitor.page, "arabic-dark")


async def test_desktop(survey: Harness, account: UUID, visit: Visit) -> None:
    await name_business(survey, account)
    path = await open_page(survey, account, kind="custom", definition=DEFINITION | {"theme": {"accent": "#7a2e8e"}})
    async with visit(viewport={"width": 1000, "height": 900}) as visitor:
        await visitor.page.goto(path)
        await answer_scores(visitor.page, scripts=True)
        await take(visitor.page, "desktop", whole=False)


async def test_help(harness: HarnessFactory, account: UUID, browser: Browser, serve: Site) -> None:
    tickets = await harness(TICKETS)
    path = await write(tickets, account)
    address, home = await serve(tickets.app), f"/help/{site_of(account)}/en"
    pictures: list[tuple[str, str, Literal["light", "dark"]]] = [
        ("home", home, "light"),
        ("article", path, "light"),
        ("arabic-dark", path.replace("/en/", "/ar/"), "dark"),
    ]
    for name, place, scheme in pictures:
        async with visiting(browser, address, scheme=scheme) as visitor:
            await visitor.page.goto(place)
            await visitor.page.screenshot(path=IMAGES / f"help-{name}.png")
