"""A rule wants a customer asked."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx

from services.survey.invitations.handlers import AFTER_TICKET
from services.survey.surveys.ready_made import ready_made
from shared.bus.consumer import retry_once
from shared.contracts.notifier import SurveyRequested
from shared.contracts.survey import InvitationCreated, InvitationReminded
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.survey.building import know_customer


async def request(survey: Harness, account: UUID, customer_id: UUID, **fields: Any) -> None:
    wanted: dict[str, Any] = {
        "request_id": new_id(),
        "rule_id": new_id(),
        "run_id": new_id(),
        "customer_id": customer_id,
        "ticket_id": new_id(),
        "kind": "csat",
        "touchpoint": None,
    }
    await survey.deliver(SurveyRequested(**(wanted | fields)), account=account)


async def invitations(survey: Harness, account: UUID) -> list[InvitationCreated]:
    return [
        event.data
        for event in await survey.emitted(account, InvitationCreated)
        if isinstance(event.data, InvitationCreated)
    ]


class TestWording:
    def test_of_the_built_in_survey_is_in_every_language(self) -> None:
        assert set(AFTER_TICKET) == set(ready_made("csat").locales)


class TestAskForRule:
    async def test_asks_on_a_built_in_survey_made_when_first_needed(self, survey: Harness, account: UUID) -> None:
        ana, ticket = await know_customer(survey, account), new_id()
        await request(survey, account, ana, ticket_id=ticket)
        [asked] = await invitations(survey, account)
        assert (asked.customer_id, asked.ticket_id, asked.kind) == (ana, ticket, "csat")
        assert asked.question == "How satisfied are you with the way we handled your request?"
        [made] = (await survey.client(account=account).get("/v1/surveys")).json()["data"]
        assert (made["name"], made["state"], made["built_in"]) == ("After a ticket", "published", "after_ticket_csat")

    async def test_each_ticket_gets_its_own_question_and_only_one(self, survey: Harness, account: UUID) -> None:
        ana, one, two = await know_customer(survey, account), new_id(), new_id()
        for ticket in (one, two, one):
            await request(survey, account, ana, ticket_id=ticket)
        assert [asked.ticket_id for asked in await invitations(survey, account)] == [one, two]
        assert len((await survey.client(account=account).get("/v1/surveys")).json()["data"]) == 1

    async def test_waits_for_a_customer_who_is_still_on_the_way(self, survey: Harness, account: UUID) -> None:
        ana = new_id()
        await request(survey, account, ana)
        assert await invitations(survey, account) == []
        await know_customer(survey, account, customer_id=ana)
        await _retry(survey)
        assert [asked.customer_id for asked in await invitations(survey, account)] == [ana]

    async def test_a_paused_survey_asks_nobody(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        await request(survey, account, ana)
        client = survey.client(account=account)
        [made] = (await client.get("/v1/surveys")).json()["data"]
        await client.post(f"/v1/surveys/{made['id']}/pause")
        await request(survey, account, ana)
        assert len(await invitations(survey, account)) == 1

    async def test_a_ticket_is_asked_about_once_however_often_it_is_resolved(
        self, survey: Harness, account: UUID
    ) -> None:
        ana, ticket, client = await know_customer(survey, account), new_id(), survey.client(account=account)
        await request(survey, account, ana, ticket_id=ticket)
        [asked] = await invitations(survey, account)
        revoked = await client.post(f"/v1/surveys/{asked.survey_id}/invitations/{asked.invitation_id}/revoke")
        assert revoked.status_code == 200
        await request(survey, account, ana, ticket_id=ticket)
        await request(survey, account, ana, ticket_id=ticket, kind="ces")
        assert len(await invitations(survey, account)) == 1

    async def test_whoever_does_not_answer_is_reminded_once(self, survey: Harness, account: UUID) -> None:
        """Complaint 20."""
        await request(survey, account, await know_customer(survey, account))
        for _ in range(14):
            survey.clock.advance(timedelta(days=1))
            await survey.run_timers()
        reminded = await survey.emitted(account, InvitationReminded)
        assert [event.data.number for event in reminded] == [1]  # type: ignore[attr-defined]

    async def test_a_survey_of_ones_own_may_ask_more_than_one_question(self, survey: Harness, account: UUID) -> None:
        """Complaint 21."""
        ana, client = await know_customer(survey, account), survey.client(account=account)
        own = (await client.post("/v1/surveys", json={"name": "How was it?", "kind": "csi"})).json()["id"]
        await client.post(f"/v1/surveys/{own}/publish")
        await request(survey, account, ana, survey_id=UUID(own))
        await request(survey, account, ana, survey_id=new_id())
        assert [str(asked.survey_id) for asked in await invitations(survey, account)] == [own]

    async def test_the_answer_says_who_had_the_ticket(self, survey: Harness, account: UUID) -> None:
        ana, client = await know_customer(survey, account), survey.client(account=account)
        had_it = {"agent": str(new_id()), "team": str(new_id())}
        await request(survey, account, ana, dimensions=had_it)
        [asked] = await invitations(survey, account)
        answered = await survey.anonymous().post(httpx.URL(asked.url).path, data={"score": "5"})
        assert answered.status_code == 200
        [response] = (await client.get("/v1/responses")).json()["data"]
        assert response["dimensions"] == had_it


async def _retry(survey: Harness) -> None:
    survey.clock.advance(timedelta(minutes=1))
    await retry_once(survey.runtime)
