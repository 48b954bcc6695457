"""The contact form of a business's own pages: by a script, as a plain form, with files, and by programs."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from shared.auth.publishable import new_publishable_key
from shared.contracts.customers import CustomerCreated
from shared.contracts.gateway import APIKeyCreated
from shared.contracts.survey import CustomerSighted
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.profiles import profile_of

ORIGIN = "https://shop.example"
HERE = {"Origin": ORIGIN}
SUBMISSION = "6f1c1f0e-8a3f-4d6b-9a44-6c9f9d1e2a10"


class Page:
    def __init__(self, survey: Harness, account: UUID, key: str) -> None:
        self.survey, self.account, self.path = survey, account, f"/w/{key}/messages"
        self.visitor = survey.anonymous()

    async def stamp(self) -> str:
        stamp: str = (await self.visitor.get(self.path, headers=HERE)).json()["stamp"]
        self.survey.clock.advance(timedelta(seconds=20))
        return stamp

    async def send(self, status: int = 201, **fields: Any) -> dict[str, Any]:
        body = {"submission_id": SUBMISSION, "text": "Where is my parcel?"} | fields
        answer = await self.visitor.post(self.path, content=orjson.dumps(body), headers=HERE)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def feedback(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.survey.client(account=self.account).get("/v1/feedback")).json()[
            "data"
        ]
        return found


@pytest.fixture
async def page(survey: Harness, account: UUID) -> Page:
    key = new_publishable_key(account)
    made = APIKeyCreated(
        api_key_id=new_id(),
        name="Shop",
        scopes=("feedback:write",),
        kind="publishable",
        public_key=key,
        origins=(ORIGIN,),
    )
    await survey.deliver(made, account=account, subject=made.api_key_id)
    return Page(survey, account, key)


class TestMessages:
    async def test_become_feedback_once(self, page: Page) -> None:
        stamp = await page.stamp()
        first = await page.send(stamp=stamp, email="ana@example.com", name="Ana", page=f"{ORIGIN}/contact?token=1#x")
        again = await page.send(stamp=stamp, email="ana@example.com", name="Ana", page=f"{ORIGIN}/contact?token=1#x")
        assert (again["id"], again["duplicate"]) == (first["id"], True)
        [sighted] = await page.survey.emitted(page.account, CustomerSighted)
        assert isinstance(sighted.data, CustomerSighted)
        assert sighted.data.customer.email == "ana@example.com"

    async def test_what_a_visitor_says_of_themselves_proves_nothing(self, page: Page) -> None:
        await page.send(email="ana@example.com")
        [sighted] = await page.survey.emitted(page.account, CustomerSighted)
        assert isinstance(sighted.data, CustomerSighted)
        assert not sighted.data.verified
        assert sighted.data.answerable

    async def test_of_programs_are_answered_to_nobody_new(self, page: Page) -> None:
        await page.send(email="ana@example.com", trap="https://casino.example")
        [sighted] = await page.survey.emitted(page.account, CustomerSighted)
        assert isinstance(sighted.data, CustomerSighted)
        assert not sighted.data.answerable

    async def test_without_an_address_it_is_heard_all_the_same(self, page: Page) -> None:
        await page.send(subject="Parcel", page=f"{ORIGIN}/contact?token=1#x")
        [heard] = await page.feedback()
        assert (heard["kind"], heard["channel"], heard["title"]) == ("message", "form", "Parcel")
        assert heard["url"] == f"{ORIGIN}/contact"

    async def test_of_a_known_customer_are_theirs(self, page: Page) -> None:
        ana = new_id()
        news = CustomerCreated(customer_id=ana, profile=profile_of(email="ana@example.com"))
        await page.survey.deliver(news, account=page.account, subject=ana)
        await page.send(email="Ana@Example.com")
        [heard] = await page.feedback()
        assert heard["customer_id"] == str(ana)


class TestPrograms:
    async def test_are_flagged_and_not_lost(self, page: Page) -> None:
        await page.send(trap="https://casino.example")
        [heard] = await page.feedback()
        assert heard["suspicious"] == ["trapped", "too_fast"]

    async def test_people_are_not(self, page: Page) -> None:
        await page.send(stamp=await page.stamp())
        [heard] = await page.feedback()
        assert heard["suspicious"] == []

    async def test_strangers_pages_do_not_come_in(self, page: Page) -> None:
        for origin in ({}, {"Origin": "https://evil.example"}):
            answer = await page.visitor.post(page.path, content=b"{}", headers=origin)
            assert answer.status_code == 403


class TestPlainForms:
    async def post(self, page: Page, data: dict[str, str], files: Any = None) -> httpx.Response:
        filled = {"submission_id": SUBMISSION, "text": "Hello"} | data
        return await page.visitor.post(page.path, data=filled, files=files, headers=HERE)

    async def test_lead_on_to_a_page_of_the_same_site(self, page: Page) -> None:
        answer = await self.post(page, {"next": f"{ORIGIN}/thanks", "email": "", "size": "42"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"{ORIGIN}/thanks")
        [heard] = await page.feedback()
        assert heard["dimensions"] == {"size": "42"}

    @pytest.mark.parametrize(
        "url", ["https://evil.example/", "//evil.example", f"{ORIGIN}.evil.example/", "javascript:1"]
    )
    async def test_and_nowhere_else(self, page: Page, url: str) -> None:
        answer = await self.post(page, {"next": url})
        assert answer.status_code == 422
        assert await page.feedback() == []

    async def test_bring_files_up_to_a_limit(self, page: Page) -> None:
        photo = ("files", ("photo.png", b"\x89PNG\r\n\x1a\n" + bytes(100), "image/png"))
        assert (await self.post(page, {}, [photo])).status_code == 201
        assert (await self.post(page, {"submission_id": str(new_id())}, [photo] * 6)).status_code == 422
        huge = ("files", ("huge.png", b"\x89PNG" + bytes(10 * 1_048_576), "image/png"))
        assert (await self.post(page, {"submission_id": str(new_id())}, [huge])).status_code == 413

    @pytest.mark.parametrize("text", ["caf%e9", "caf%c3%a9", "caf\xe9"])
    async def test_of_older_pages_are_understood(self, page: Page, text: str) -> None:
        body = f"submission_id={SUBMISSION}&text={text}".encode("latin-1")
        headers = HERE | {"Content-Type": "application/x-www-form-urlencoded"}
        assert (await page.visitor.post(page.path, content=body, headers=headers)).status_code == 201
        assert [each["text"] for each in await page.feedback()] == ["caf\xe9"]

    @pytest.mark.parametrize("text", ["", " \r\n "])
    async def test_say_what_is_wrong(self, page: Page, text: str) -> None:
        answer = await self.post(page, {"email": "nobody", "text": text})
        assert answer.status_code == 422
        assert {error["pointer"] for error in answer.json()["errors"]} == {"/email", "/text"}
