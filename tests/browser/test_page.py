"""The hosted page, as people with a telephone see it."""

import base64
import gzip
from uuid import UUID

import httpx
import pytest

from shared.contracts.survey import ResponseReceived
from shared.testing.harness import Harness
from tests.browser.conftest import Visit
from tests.browser.everything import DEFINITION
from tests.survey.building import open_survey
from tests.survey.definition.making import page, question

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


async def open_page(survey: Harness, account: UUID, **fields: object) -> str:
    """The path of an open link."""
    client = survey.client(account=account)
    live = await open_survey(client, **fields)
    return httpx.URL((await client.get(f"/v1/surveys/{live['id']}/link")).json()["url"]).path


async def received(survey: Harness, account: UUID) -> list[dict[str, object]]:
    """The answers that came, each response by question."""
    events = await survey.emitted(account, ResponseReceived)
    found = [event.data for event in events if isinstance(event.data, ResponseReceived)]
    return [{answer.question: answer.value for answer in one.answers} for one in found]


class TestTheReadyMadePage:
    @pytest.mark.parametrize("scripts", [True, False])
    async def test_is_answered(self, survey: Harness, account: UUID, visit: Visit, scripts: bool) -> None:
        path = await open_page(survey, account, kind="nps")
        async with visit(scripts=scripts) as visitor:
            await visitor.page.goto(path)
            await visitor.page.get_by_role("radio", name="2", exact=True).check()
            await visitor.page.get_by_label("What is the main reason").fill("Late <b>")
            await visitor.page.get_by_role("button", name="Send answer").click()
            await visitor.page.get_by_role("heading", name="Thank you!").wait_for()
        assert await received(survey, account) == [{"score": 2, "comment": "Late <b>"}]

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    async def test_leaves_axe_nothing_to_find(self, survey: Harness, account: UUID, visit: Visit, scheme: str) -> None:
        path = await open_page(survey, account, kind="nps")
        async with visit(scheme=scheme) as visitor:
            await visitor.page.goto(path)
            assert await visitor.faults() == []
            await visitor.page.get_by_role("button", name="Send answer").click()
            await visitor.page.get_by_role("alert").wait_for()
            assert await visitor.faults() == []
            await visitor.page.get_by_role("radio", name="9", exact=True).check()
            await visitor.page.get_by_role("button", name="Send answer").click()
            await visitor.page.get_by_role("heading", name="Thank you!").wait_for()
            assert await visitor.faults() == []

    async def test_asks_nobody_else_for_anything(self, survey: Harness, account: UUID, visit: Visit) -> None:
        path = await open_page(survey, account, kind="nps")
        async with visit() as visitor:
            await visitor.page.goto(path)
            await visitor.page.wait_for_load_state("networkidle")
        assert [httpx.URL(address).path for address in visitor.asked] == [path]


class TestALogo:
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    async def test_is_seen_and_comes_from_where_the_page_does(
        self, survey: Harness, account: UUID, visit: Visit, scheme: str
    ) -> None:
        logo = (await survey.client(account=account).post("/v1/surveys/logos", content=PIXEL)).json()
        theme = {"logo_file_id": logo["id"], "logo_alt": {"en": "Corner Bakery"}}
        path = await open_page(
            survey, account, kind="custom", definition=DEFINITION | {"locales": ["en"], "theme": theme}
        )
        async with visit(scheme=scheme) as visitor:
            await visitor.page.goto(path)
            image = visitor.page.get_by_role("heading", level=1).get_by_role("img", name="Corner Bakery")
            await visitor.page.wait_for_load_state("networkidle")
            assert await image.evaluate("image => image.naturalWidth") == 1
            assert await visitor.faults() == []
        assert [httpx.URL(address).path for address in visitor.asked] == [path, httpx.URL(logo["url"]).path]


class TestTheWeight:
    async def test_is_little(self, survey: Harness, account: UUID) -> None:
        """Style and script included, as it is and as it travels."""
        for fields in ({"kind": "nps"}, {"kind": "custom", "definition": DEFINITION}):
            page = await survey.anonymous().get(await open_page(survey, account, **fields))
            assert len(page.content) <= 30_000
            assert len(gzip.compress(page.content)) <= 10_000


class TestTheBackKey:
    @pytest.mark.parametrize("scripts", [True, False])
    async def test_shows_the_page_before_and_what_was_entered(
        self, survey: Harness, account: UUID, visit: Visit, scripts: bool
    ) -> None:
        pages = [page(f"p_{key}", question(key)) for key in ("one", "two", "three")]
        path = await open_page(survey, account, kind="custom", definition={"locales": ["en"], "pages": pages})
        async with visit(scripts=scripts) as visitor:
            await visitor.page.goto(path)
            for name in ("One", "Two"):
                await visitor.page.get_by_label(name).fill(f"my {name}")
                await visitor.page.get_by_role("button", name="Next").click()
                await visitor.page.get_by_label(name).wait_for(state="detached")
            # This page, too, came as the answer to a form: "Confirm Form Resubmission", if no cache might keep it.
            await visitor.page.go_back()
            await visitor.page.get_by_label("Two").fill("another")
            await visitor.page.get_by_role("button", name="Next").click()
            await visitor.page.get_by_label("Three").fill("my Three")
            await visitor.page.get_by_role("button", name="Send answer").click()
            await visitor.page.get_by_role("heading", name="Thank you!").wait_for()
        assert (await received(survey, account))[-1] == {"one": "my One", "two": "another", "three": "my Three"}
