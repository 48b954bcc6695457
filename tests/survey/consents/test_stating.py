"""Answers to questions of type `consent` on their way to the ledger."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx

from services.survey.invitations.tokens import Link, LinkKind, Links
from shared.contracts.consent import ConsentStated
from shared.contracts.customers import CustomerIdentified
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.survey.asking import invite
from tests.survey.building import know_customer, open_survey, response_to, understand
from tests.survey.definition.making import page, question


async def asking(survey: Harness, account: UUID, **fields: Any) -> dict[str, Any]:
    """A survey that asks for news by e-mail."""
    news = question(
        "news", "consent", purpose="marketing", channel="email", statement={"en": "Send me {{hidden.what|news}}."}
    )
    terms = question("terms", "consent")
    definition = {
        "locales": ["en"],
        "hidden_fields": [{"key": "what"}],
        "pages": [page("p", question("score", "nps"), news, terms)],
    }
    return await open_survey(survey.client(account=account), kind="custom", definition=definition | fields)


def said(news: bool | None, score: int = 9) -> list[dict[str, Any]]:
    given = [{"question": "score", "value": score}, {"question": "terms", "value": True}]
    return given if news is None else [*given, {"question": "news", "value": news}]


async def answer(survey: Harness, account: UUID, live: dict[str, Any], **fields: Any) -> str:
    """By the API; the path of its receipt."""
    accepted = await survey.client(account=account).post("/v1/responses", json=response_to(live, **fields))
    assert accepted.status_code == 201, accepted.text
    await understand(survey, account)
    link = Link(LinkKind.RECEIPT, account, UUID(accepted.json()["id"]))
    return httpx.URL(Links(survey.runtime.settings).url(link)).path


async def stated(survey: Harness, account: UUID) -> list[ConsentStated]:
    """Each once, as the ledger writes them down."""
    events = await survey.emitted(account, ConsentStated)
    found = {event.data.statement_id: event.data for event in events if isinstance(event.data, ConsentStated)}
    return list(found.values())


class TestWhoIsKnown:
    async def test_by_a_personal_link(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        live = await asking(survey, account)
        [asked] = await invite(survey, account, live, ana)
        path = httpx.URL(asked["url"]).path
        await survey.anonymous().post(path, params={"what": "offers"}, data={"score": "9", "news": "true"})
        await understand(survey, account)
        [one] = await stated(survey, account)
        assert (one.customer_id, one.purpose, one.channel, one.granted) == (ana, "marketing", "email", True)
        assert (one.question, str(one.survey_id), one.text_version) == ("news", live["id"], "survey version 1")
        assert one.text == "Send me \u2068offers\u2069."
        assert one.stated_at == survey.clock.now()

    async def test_by_the_api(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        live = await asking(survey, account)
        await answer(survey, account, live, answers=said(True), customer={"id": str(ana)})
        await answer(survey, account, live, answers=said(False), customer={"id": str(ana)}, submission="s-2")
        assert [(one.customer_id, one.granted) for one in await stated(survey, account)] == [(ana, True), (ana, False)]

    async def test_once_it_is_known_who_it_was(self, survey: Harness, account: UUID) -> None:
        live = await asking(survey, account)
        await answer(survey, account, live, answers=said(True), customer={"email": "new@example.com"})
        assert await stated(survey, account) == []
        [response] = (await survey.client(account=account).get("/v1/responses")).json()["data"]
        ana = new_id()
        found = CustomerIdentified(sighting_id=UUID(response["id"]), customer_id=ana)
        await survey.deliver(found, account=account, subject=ana)
        assert [(one.customer_id, one.granted) for one in await stated(survey, account)] == [(ana, True)]


class TestWhatIsNotStated:
    async def test_of_an_anonymous_survey(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        live = await asking(survey, account, anonymous=True, hidden_fields=[], pages=[
            page("p", question("score", "nps"), question("terms", "consent"), question("news", "consent")),
        ])  # fmt: skip
        await answer(survey, account, live, answers=said(True), customer={"id": str(ana)})
        assert await stated(survey, account) == []

    async def test_nothing_said_and_parts_and_nobody(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        live = await asking(survey, account)
        await answer(survey, account, live, answers=said(None), customer={"id": str(ana)})
        part: dict[str, Any] = {"answers": said(True), "submission": "s-2", "completed": False}
        await answer(survey, account, live, **part, customer={"id": str(ana)})
        await answer(survey, account, live, answers=said(True), submission="s-3")
        assert await stated(survey, account) == []


class TestTakingBack:
    async def test_a_changed_answer_withdraws_and_grants_again(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        live = await asking(survey, account)
        path = await answer(survey, account, live, answers=said(True), customer={"id": str(ana)})
        moments = [survey.clock.now()]
        for form in ({"score": "9"}, {"score": "3"}, {"score": "3", "news": "true"}):
            survey.clock.advance(timedelta(hours=1))
            moments.append(survey.clock.now())
            await survey.anonymous().post(f"{path}/change", data=form | {"terms": "true"})
            await understand(survey, account)
        assert [(one.granted, one.stated_at) for one in await stated(survey, account)] == [
            (True, moments[0]),
            (False, moments[1]),
            (True, moments[3]),
        ]

    async def test_a_deleted_answer_withdraws(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        live = await asking(survey, account)
        path = await answer(survey, account, live, answers=said(True), customer={"id": str(ana)})
        await survey.anonymous().post(f"{path}/delete")
        assert [(one.customer_id, one.granted) for one in await stated(survey, account)] == [(ana, True), (ana, False)]
