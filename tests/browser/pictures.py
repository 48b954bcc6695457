"""The pictures of the documentation: `make test T=tests/browser/pictures.py` takes them anew, into docs/images.

It is no test, and only runs when it is named.
"""

import re
from pathlib import Path
from typing import Literal
from uuid import UUID

import httpx
from playwright.async_api import Browser, Page, ViewportSize

from services.tickets.app import SERVICE as TICKETS
from services.tickets.articles.addresses import site_of
from shared.contracts.gateway import AccountCreated
from shared.ids import new_id
from shared.testing.databases import DATABASE_SECRET, Databases, create_database
from shared.testing.harness import Harness
from tests.browser.chromium import visiting
from tests.browser.conftest import Site, Visit
from tests.browser.everything import DEFINITION, answer_scores, choose, go_on
from tests.browser.test_help import write
from tests.browser.test_page import open_page
from tests.conftest import HarnessFactory
from tests.journeys.heed import running_heed
from tests.journeys.main_job import Journey

IMAGES = Path(__file__).parents[2] / "docs" / "images"
# As wide as a phone, and no higher than our mails are.
_MAIL: ViewportSize = {"width": 390, "height": 470}
_PAGE: ViewportSize = {"width": 390, "height": 600}


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


async def test_conversation(browser: Browser, databases: Databases, tmp_path: Path) -> None:
    """One ticket as the customer sees it: a whole Heed with its own mailbox."""
    database = await create_database(f"pictures_{new_id().hex[-6:]}")
    environment = {"HEED_DATABASE_URL": database.url, "HEED_DATABASE_SECRET": DATABASE_SECRET, "HEED_RABBITMQ_URL": ""}
    async with running_heed(tmp_path / "home", **environment) as heed, heed.client() as client:
        await client.patch("/v1/accounts/current", json={"name": "Corner Bakery"})
        journey = Journey(client)
        await journey.publish_a_survey()
        await journey.invite_ana()
        await journey.answer_on_the_hosted_page()
        await journey.find_the_feedback_and_its_ticket()
        path = f"/v1/tickets/{journey.ticket_id}"
        heard = await journey.message("acknowledgement")
        answer = "We are sorry, Ana: our lorry broke down. A new box is on its way and will be with you on Friday."
        await journey.post(f"{path}/messages", {"text": answer}, 201)
        reply = await journey.message("reply")
        await journey.post(f"{path}/resolve", {"reason": "Sent a new box"}, 200)
        resolved = await journey.message("resolved")
        async with visiting(browser, heed.url, viewport=_MAIL) as visitor:
            for name, message in (("acknowledgement", heard), ("reply", reply), ("resolved", resolved)):
                await show_mail(visitor.page, message["subject"])
                await visitor.page.screenshot(path=IMAGES / f"ticket-{name}.png")
        [no] = {link for link in re.findall(r"https?://\S+/solved/\S+", resolved["text"]) if link.endswith("=no")}
        async with visiting(browser, heed.url, scheme="dark", viewport=_PAGE) as visitor:
            await visitor.page.goto(httpx.URL(no).raw_path.decode())
            await visitor.page.locator("textarea").fill("It has come, and it is the wrong lamp.")
            await visitor.page.screenshot(path=IMAGES / "ticket-not-solved-dark.png")
            await visitor.page.locator("button[value=no]").click()
            await visitor.page.wait_for_selector("[role=status]")

        async def opened_again() -> bool | None:
            return (await journey.get(path))["state"] == "open" or None

        await journey.until(opened_again, "the ticket is open again")
        async with visiting(browser, heed.url, viewport={"width": 900, "height": 420}) as visitor:
            page = visitor.page
            await page.goto("/mailbox")
            await page.screenshot(path=IMAGES / "ticket-mailbox.png")


async def show_mail(page: Page, subject: str) -> None:
    """The newest mail of this subject, as a mail program would show it."""
    await page.goto("/mailbox")
    link = page.locator("a", has_text=subject).first
    await page.goto(f"{await link.get_attribute('href')}/html")
