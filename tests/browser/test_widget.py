"""The widget, in somebody else's web page."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from playwright.async_api import Browser, Page, expect

from shared.auth.publishable import new_publishable_key
from shared.contracts.gateway import APIKeyCreated
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.browser.chromium import Visitor, visiting
from tests.browser.conftest import Site
from tests.survey.building import open_survey
from tests.survey.definition.making import page, question, when

# As strict as a site can be: the widget's address, and nothing inline.
POLICY = "default-src 'none'; script-src {heed}; connect-src {heed}; style-src 'self'"
SHOP = """<!doctype html><html lang="{lang}">
<head><title>Shop</title><meta name="viewport" content="width=device-width">
<script async src="{heed}/w/{key}.js" data-survey="{survey}" data-hidden-plan="pro" {more}></script>
</head>
<body><main><h1>Shop</h1><button id="ask">Tell us</button></main></body></html>"""


class Shop:
    """A web page of another origin, with the widget in it."""

    def __init__(self, survey: Harness, account: UUID, live: dict[str, Any], address: str, browser: Browser) -> None:
        self.survey, self.account, self.live, self.address, self.browser = survey, account, live, address, browser

    @asynccontextmanager
    async def visited(self, **how: Any) -> AsyncIterator[Visitor]:
        async with visiting(self.browser, self.address, **how) as visitor:
            yield visitor

    async def responses(self) -> list[dict[str, Any]]:
        found = await self.survey.client(account=self.account).get("/v1/responses")
        data: list[dict[str, Any]] = found.json()["data"]
        return data


def definition() -> dict[str, Any]:
    text = {"en": "Why?", "ar": "لماذا؟"}
    score = question("score", "nps", required=True, title={"en": "Would you recommend us?", "ar": "هل توصي بنا؟"})
    unhappy = when("question.score", "at_most", 6)
    return {
        "locales": ["en", "ar"],
        "pages": [page("one", score), page("two", question("why", "long_text", title=text, show_when=unhappy))],
        "hidden_fields": [{"key": "plan", "dimension": True}],
    }


@pytest.fixture
async def shop(survey: Harness, account: UUID, serve: Site, browser: Browser) -> Shop:
    live = await open_survey(survey.client(account=account), kind="custom", definition=definition())
    heed = await serve(survey.app)
    site, key, key_id = FastAPI(), new_publishable_key(account), new_id()

    @site.get("/")
    async def home(more: str = "", lang: str = "en") -> HTMLResponse:
        html = SHOP.format(heed=heed, key=key, survey=live["id"], more=more, lang=lang)
        return HTMLResponse(html, headers={"Content-Security-Policy": POLICY.format(heed=heed)})

    address = await serve(site)
    made = APIKeyCreated(
        api_key_id=key_id,
        name="Shop",
        scopes=("feedback:write",),
        kind="publishable",
        public_key=key,
        origins=(address,),
    )
    await survey.deliver(made, account=account, subject=key_id)
    return Shop(survey, account, live, address, browser)


async def answer(page: Page) -> None:
    await page.get_by_text("2", exact=True).click()
    await page.get_by_role("button", name="Next").click()
    await page.get_by_role("textbox", name="Why?").fill("It came late.")
    await page.get_by_role("button", name="Send answer").click()


class TestAnswering:
    async def test_from_page_to_page_on_a_phone(self, shop: Shop) -> None:
        async with shop.visited() as visitor:
            await visitor.page.goto("/")
            await expect(visitor.page.get_by_role("dialog")).to_be_visible()
            assert await visitor.faults() == []
            await answer(visitor.page)
            await expect(visitor.page.get_by_role("heading", name="Thank you!")).to_be_visible()
            [response] = await shop.responses()
            assert response["completed"] is True
            assert response["channel"] == "widget"
            assert response["dimensions"] == {"plan": "pro"}
            assert [one["value"] for one in response["answers"]] == [2, "It came late."]

    async def test_with_the_keyboard_alone(self, shop: Shop) -> None:
        async with shop.visited() as visitor:
            await visitor.page.goto("/?more=data-trigger='%23ask'")
            await expect(visitor.page.locator("[data-heed]")).to_have_count(0)
            await visitor.page.get_by_role("button", name="Tell us").focus()
            keys = visitor.page.keyboard
            await keys.press("Enter")
            await expect(visitor.page.get_by_role("dialog")).to_be_visible()
            await visitor.page.get_by_role("radio").first.focus()
            for key in ("ArrowRight", "ArrowRight", "Enter"):
                await keys.press(key)
            await expect(visitor.page.get_by_role("textbox", name="Why?")).to_be_visible()
            await keys.press("Escape")
            await expect(visitor.page.get_by_role("dialog")).to_have_count(0)
            [response] = await shop.responses()
            assert (response["completed"], response["answers"][0]["value"]) == (False, 2)

    async def test_from_right_to_left_in_the_dark(self, shop: Shop) -> None:
        async with shop.visited(scheme="dark") as visitor:
            await visitor.page.goto("/?lang=ar")
            dialog = visitor.page.get_by_role("dialog")
            await expect(dialog).to_have_attribute("dir", "rtl")
            await expect(dialog).to_contain_text("هل توصي بنا؟")
            assert await visitor.faults() == []


class TestWithoutAConnection:
    async def test_what_was_answered_waits_and_arrives_once(self, shop: Shop) -> None:
        async with shop.visited() as visitor:
            await visitor.page.goto("/")
            await visitor.page.get_by_text("3", exact=True).click()
            await visitor.context.set_offline(True)
            await visitor.page.get_by_role("button", name="Next").click()
            await expect(visitor.page.get_by_text("You are offline.")).to_be_visible()
            assert await shop.responses() == []
            await visitor.context.set_offline(False)
            await visitor.page.reload()
            await visitor.page.wait_for_function("() => JSON.parse(localStorage['heed.queue']).length === 0")
            assert len(await shop.responses()) == 1

    async def test_goes_on_by_itself_when_there_is_one_again(self, shop: Shop) -> None:
        async with shop.visited() as visitor:
            await visitor.page.goto("/")
            await visitor.page.get_by_text("3", exact=True).click()
            await visitor.context.set_offline(True)
            await visitor.page.get_by_role("button", name="Next").click()
            await expect(visitor.page.get_by_text("You are offline.")).to_be_visible()
            await visitor.context.set_offline(False)
            await expect(visitor.page.get_by_role("button", name="Send answer")).to_be_visible()


class TestRestraint:
    async def test_who_asks_not_to_be_tracked_is_left_in_peace(self, shop: Shop) -> None:
        async with shop.visited() as visitor:
            await visitor.context.add_init_script("Object.defineProperty(navigator, 'doNotTrack', {value: '1'})")
            assert await times_asked(visitor, "/") == 0
            assert await visitor.page.evaluate("localStorage.length") == 0

    async def test_who_closed_it_is_not_asked_again_soon(self, shop: Shop) -> None:
        async with shop.visited() as visitor:
            await visitor.page.goto("/")
            await visitor.page.get_by_role("button", name="Close").click()
            await expect(visitor.page.locator("[data-heed]")).to_have_count(0)
            assert await times_asked(visitor, "/") == 1

    async def test_nobody_outside_the_sample_is_asked(self, shop: Shop) -> None:
        async with shop.visited() as visitor:
            assert await times_asked(visitor, "/?more=data-sample='0'") == 0


async def times_asked(visitor: Visitor, path: str) -> int:
    """How often a survey was fetched, once the page has been loaded and has decided."""
    await visitor.page.goto(path)
    await visitor.page.wait_for_function("() => window.Heed && document.readyState === 'complete'")
    # What is to appear at once is asked for before the browser has painted twice.
    for _ in range(2):
        await visitor.page.evaluate("() => new Promise(requestAnimationFrame)")
    return len([url for url in visitor.asked if "/surveys/" in url])
