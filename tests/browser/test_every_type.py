"""Every type of question, answered on a telephone: with scripts and without, in a language of each direction."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from services.survey.files.models import File
from services.survey.pages.words import words_in
from shared.testing.harness import Harness
from tests.browser import everything
from tests.browser.conftest import Visit
from tests.browser.everything import (
    ANSWERS,
    DEFINITION,
    answer_choices,
    answer_details,
    answer_scores,
    choose,
    go_on,
)
from tests.browser.test_page import open_page, received
from tests.survey.definition.test_answers import TYPES
from tests.survey.pages.test_keeping import attempts, given, responses

LANGUAGES = ["en", "ar"]


async def survey_of_everything(survey: Harness, account: UUID) -> str:
    return await open_page(survey, account, kind="custom", definition=DEFINITION)


async def only_file(survey: Harness, account: UUID) -> str:
    async with survey.work(account) as work:
        return str((await work.session.scalars(select(File.id).where(File.account_id == account))).one())


async def survey_of(survey: Harness, account: UUID, *questions: dict[str, Any], **fields: Any) -> str:
    definition = {"locales": ["en", "de", "ar"], "pages": [{"key": "page", "questions": questions}], **fields}
    return await open_page(survey, account, kind="custom", definition=definition)


class TestTheSurveyOfEverything:
    def test_has_every_type(self) -> None:
        asked = {question["type"] for page in DEFINITION["pages"] for question in page["questions"]}
        assert asked == set(TYPES)

    @pytest.mark.parametrize("scripts", [True, False])
    @pytest.mark.parametrize("locale", LANGUAGES)
    async def test_is_answered(self, survey: Harness, account: UUID, visit: Visit, scripts: bool, locale: str) -> None:
        path = await survey_of_everything(survey, account)
        async with visit(scripts=scripts, locale=locale) as visitor:
            page = visitor.page
            await page.goto(path)
            assert await page.locator("html").get_attribute("dir") == ("rtl" if locale == "ar" else "ltr")
            await answer_scores(page, scripts=scripts)
            await go_on(page)
            await answer_choices(page)
            await go_on(page)
            assert "The smell" in await page.locator("#thanks-about").inner_text()
            await answer_details(page)
            await go_on(page)
            assert await page.locator("h1").inner_text() == DEFINITION["endings"][0]["title"][locale]
            review = page.get_by_role("link", name=DEFINITION["review"]["label"][locale])
            assert await review.get_attribute("href") == "https://reviews.example/us"
        [answers] = await received(survey, account)
        assert answers == ANSWERS | {"photo": [await only_file(survey, account)]}
        assert all(httpx.URL(address).path == path for address in visitor.asked)

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("locale", LANGUAGES)
    async def test_leaves_axe_nothing_to_find(
        self, survey: Harness, account: UUID, visit: Visit, scheme: str, locale: str
    ) -> None:
        path = await survey_of_everything(survey, account)
        async with visit(scheme=scheme, locale=locale) as visitor:
            page = visitor.page
            await page.goto(path)
            assert await visitor.faults() == []
            await go_on(page)
            assert await visitor.faults() == []
            await answer_scores(page, scripts=True)
            await go_on(page)
            await choose(page, "matters", "+other")
            for liked in ("price", "taste", "service"):
                await choose(page, "liked", liked)
            await go_on(page)
            assert await page.locator("[role=alert] li").count() == 2
            assert await visitor.faults() == []
            await page.locator("[name='matters.+other']").fill("The smell")
            await page.locator("[name=liked][value=price]").uncheck()
            await go_on(page)
            await page.locator("#weight").fill("heavy")
            await go_on(page)
            assert await page.locator("#weight").get_attribute("aria-invalid") == "true"
            assert await visitor.faults() == []
            await page.locator("#weight").fill("1")
            await page.locator("#agree").check()
            await go_on(page)
            assert await visitor.faults() == []

    async def test_can_be_gone_back_in_with_everything_kept(self, survey: Harness, account: UUID, visit: Visit) -> None:
        path = await survey_of_everything(survey, account)
        async with visit(scripts=False) as visitor:
            page = visitor.page
            await page.goto(path)
            await answer_scores(page, scripts=False)
            await go_on(page)
            await answer_choices(page)
            await go_on(page, "back")
            assert await page.locator("#went_wrong").input_value() == "It came late."
            assert await page.locator("[name='index.taste'][value='5']").is_checked()
            await go_on(page)
            assert await page.locator("[name='matters.+other']").input_value() == "The smell"
            assert await page.locator("[name='order.service']").input_value() == "2"

    async def test_changes_its_language_in_the_middle_with_everything_kept(
        self, survey: Harness, account: UUID, visit: Visit
    ) -> None:
        path = await survey_of_everything(survey, account)
        async with visit(scripts=False) as visitor:
            page = visitor.page
            await page.goto(path)
            await answer_scores(page, scripts=False)
            await go_on(page)
            await choose(page, "matters", "taste")
            async with page.expect_navigation():
                await page.get_by_role("button", name="العربية").click()
            assert await page.locator("html").get_attribute("dir") == "rtl"
            assert await page.locator("[name=matters][value=taste]").is_checked()
            await go_on(page)
            assert await page.locator("html").get_attribute("lang") == "ar"


class TestWithScripts:
    async def test_a_question_comes_and_goes_with_the_answer_it_depends_on(
        self, survey: Harness, account: UUID, visit: Visit
    ) -> None:
        path = await survey_of_everything(survey, account)
        async with visit() as visitor:
            page = visitor.page
            await page.goto(path)
            assert await page.locator("#went_wrong").count() == 0
            await choose(page, "recommend", "3")
            await page.locator("#went_wrong").fill("Late.")
            assert await page.locator("[role=status]").inner_text() == words_in("en")["more"]
            await choose(page, "recommend", "9")
            await page.locator("#went_wrong").wait_for(state="detached")
            await choose(page, "recommend", "2")
            assert await page.locator("#went_wrong").input_value() == "Late."

    async def test_what_can_only_be_chosen_alone_is(self, survey: Harness, account: UUID, visit: Visit) -> None:
        path = await survey_of(survey, account, everything.CHOICES[1])
        async with visit() as visitor:
            page = visitor.page
            await page.goto(path)
            await choose(page, "liked", "price")
            await choose(page, "liked", "none")
            assert not await page.locator("[name=liked][value=price]").is_checked()
            await choose(page, "liked", "taste")
            assert not await page.locator("[name=liked][value=none]").is_checked()

    async def test_a_place_that_is_taken_changes_hands(self, survey: Harness, account: UUID, visit: Visit) -> None:
        path = await survey_of(survey, account, everything.CHOICES[2])
        async with visit() as visitor:
            page = visitor.page
            await page.goto(path)
            for name, place in (("price", "1"), ("taste", "2"), ("service", "3")):
                await page.locator(f"[name='order.{name}']").focus()
                await page.locator(f"[name='order.{name}']").select_option(place)
            await page.locator("[name='order.service']").focus()
            await page.locator("[name='order.service']").select_option("1")
            assert await page.locator("[name='order.price']").input_value() == "3"

    async def test_what_was_entered_is_kept_when_somebody_leaves(
        self, survey: Harness, account: UUID, visit: Visit
    ) -> None:
        path = await survey_of_everything(survey, account)
        async with visit() as visitor:
            await visitor.page.goto(path)
            await choose(visitor.page, "recommend", "9")
            await visitor.page.locator("[name=happy]").first.focus()
            await visitor.page.goto("about:blank")
            async with asyncio.timeout(10):
                while [one.state for one in await attempts(survey, account)] != ["dismissed"]:
                    await asyncio.sleep(0.05)
        [part] = await responses(survey, account)
        assert (given(part), part.completed) == ({"recommend": 9}, False)
        [attempt] = await attempts(survey, account)
        assert set(attempt.seen) == {"recommend", "happy"}

    async def test_nothing_is_told_of_a_page_that_nobody_touched(
        self, survey: Harness, account: UUID, visit: Visit
    ) -> None:
        path = await survey_of_everything(survey, account)
        async with visit() as visitor:
            await visitor.page.goto(path)
            await visitor.page.goto("about:blank")
            await visitor.page.goto(path)
        assert [httpx.URL(address).path for address in visitor.asked] == [path, path]
        assert await attempts(survey, account) == []

    async def test_looking_at_a_receipt_changes_nothing(self, survey: Harness, account: UUID, visit: Visit) -> None:
        path = await survey_of(survey, account, *everything.SCORES[:2])
        async with visit() as visitor:
            page = visitor.page
            await page.goto(path)
            await choose(page, "recommend", "9")
            await go_on(page)
            receipt = await page.get_by_role("link", name="See, change or delete").get_attribute("href")
            assert receipt is not None
            await page.goto(httpx.URL(receipt).path + "/change")
            await choose(page, "recommend", "3")
            await page.locator("#went_wrong").wait_for()
            await page.goto("about:blank")
            [response] = await responses(survey, account)
            assert (given(response), response.revision) == ({"recommend": 9}, 1)
            assert {httpx.URL(address).path for address in visitor.asked} == {path, httpx.URL(receipt).path + "/change"}

    async def test_a_riddle_is_solved_by_the_device(self, survey: Harness, account: UUID, visit: Visit) -> None:
        path = await survey_of(survey, account, everything.CHOICES[1], proof_of_work=True)
        async with visit() as visitor:
            await visitor.page.goto(path)
            await visitor.page.locator("[name='.proof']").wait_for(state="attached")
            await choose(visitor.page, "liked", "taste")
            survey.clock.advance(timedelta(seconds=5))
            await go_on(visitor.page)
        [response] = await responses(survey, account)
        assert (response.completed, response.suspicious) == (True, [])


class TestByKeyboard:
    async def test_everything_can_be_reached_and_answered(self, survey: Harness, account: UUID, visit: Visit) -> None:
        path = await survey_of_everything(survey, account)
        async with visit(viewport={"width": 1100, "height": 800}) as visitor:
            page, keys = visitor.page, visitor.page.keyboard
            await page.goto(path)
            await keys.press("Tab")
            await keys.press("ArrowRight")
            assert await page.locator("[name=recommend]:checked").get_attribute("value") == "1"
            await page.locator("#went_wrong").wait_for()
            await keys.press("Tab")
            await keys.type("Late")
            for _ in range(6):
                await keys.press("Tab")
                await keys.press("Space")
            await keys.press("Tab")
            async with page.expect_navigation():
                await keys.press("Enter")
            assert await page.locator("h1").inner_text() == "Your choice"

    async def test_a_mistake_is_where_the_focus_is(self, survey: Harness, account: UUID, visit: Visit) -> None:
        path = await survey_of_everything(survey, account)
        async with visit() as visitor:
            page = visitor.page
            await page.goto(path)
            await go_on(page)
            assert await page.evaluate("document.activeElement.getAttribute('role')") == "alert"
            await page.keyboard.press("Tab")
            await page.keyboard.press("Enter")
            assert await page.evaluate("location.hash") == "#recommend"


class TestTargets:
    async def test_are_large_enough_for_a_thumb(self, survey: Harness, account: UUID, visit: Visit) -> None:
        """In CSS pixels. WCAG 2.2, 2.5.8 asks for 24."""
        path = await survey_of_everything(survey, account)
        async with visit() as visitor:
            page = visitor.page
            await page.goto(path)
            sizes = await page.locator("label:has(input), button, select, textarea").evaluate_all(
                "all => all.map(one => [one.getBoundingClientRect().width, one.getBoundingClientRect().height])"
            )
            assert min(width for width, _ in sizes) >= 40
            assert min(height for _, height in sizes) >= 36
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
