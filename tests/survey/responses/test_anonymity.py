"""Of an anonymous survey nothing that is stored or told leads to a person."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from shared.contracts.feedback import FeedbackReceived
from shared.contracts.survey import AttemptObserved, InvitationCreated, ResponseReceived
from shared.testing.harness import Harness
from tests.survey.building import know_customer, open_survey, response_to, understand
from tests.survey.definition.making import page, question

# Nothing else in these tests happens at this time of day.
OFFSET = timedelta(hours=4, minutes=33, seconds=17)


async def anonymous_survey(client: httpx.AsyncClient) -> dict[str, Any]:
    pages = [page("one", question("score", "nps"), question("comment", "long_text"))]
    return await open_survey(client, kind="custom", definition={"locales": ["en"], "pages": pages, "anonymous": True})


async def everything(survey: Harness, account: UUID, *but: str) -> dict[str, list[str]]:
    """Every row of the account in every table of the service, as text."""
    async with survey.work(account) as work:
        tables = await work.session.scalars(
            text("select table_name from information_schema.columns where table_schema = 'survey' "
                 "and column_name = 'account_id'")
        )  # fmt: skip
        found = {}
        for table in tables.all():
            if table not in but:
                rows = await work.session.execute(
                    text(f'select t::text from survey."{table}" t where account_id = :account'), {"account": account}
                )
                found[table] = [row[0] for row in rows]
        return found


async def invited(survey: Harness, account: UUID, live: dict[str, Any], customer_id: UUID) -> InvitationCreated:
    wanted = {"customers": [{"id": str(customer_id)}], "channel": "link"}
    answer = await survey.client(account=account).post(f"/v1/surveys/{live['id']}/invitations", json=wanted)
    assert answer.json()["queued"] == 1, answer.text
    created = (await survey.emitted(account, InvitationCreated))[-1].data
    assert isinstance(created, InvitationCreated)
    return created


async def filled_in(survey: Harness, url: str) -> httpx.Response:
    """As a browser without a script does: what the form carries is sent back."""
    import re

    visitor, path = survey.anonymous(), httpx.URL(url).path
    form = (await visitor.get(path)).text
    carried = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form))
    return await visitor.post(path, data=carried | {"score": "2", "comment": "My boss shouts."})


class TestAnonymity:
    async def test_no_row_and_no_event_leads_from_the_answer_to_the_person(
        self, survey: Harness, account: UUID
    ) -> None:
        client = survey.client(account=account)
        live = await anonymous_survey(client)
        customer_id = await know_customer(survey, account, email="ana@example.com")
        invitation = await invited(survey, account, live, customer_id)
        survey.clock.advance(OFFSET)
        moment = survey.clock.now()
        page = await filled_in(survey, invitation.url)
        assert "Thank you" in page.text
        await understand(survey, account)
        [response] = (await client.get("/v1/responses")).json()["data"]
        rows = await everything(survey, account, "invitations", "contacts", "outbox", "exposures", "inbox")
        told = [
            event.raw.decode()
            for event in await survey.emitted(account)
            if not isinstance(event.data, InvitationCreated)
        ]
        about = [row for table in ("responses", "feedback", "attempts") for row in rows[table]]
        about += [raw for raw in told if response["id"] in raw]
        assert len(about) >= 4
        for trace in (
            str(customer_id),
            str(invitation.invitation_id),
            "ana@example.com",
            f"{moment:%H:%M}",
            invitation.url[-20:],
        ):
            assert [one for one in about if trace in one] == [], trace
        assert UUID(response["id"]).version == 4
        spent = (await everything(survey, account))["invitations"]
        assert len(spent) == 1
        assert "answered" in spent[0]
        assert f"{moment:%H:%M:%S}" not in spent[0]
        assert response["id"] not in spent[0]

    async def test_a_link_still_takes_one_answer(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await anonymous_survey(client)
        invitation = await invited(survey, account, live, await know_customer(survey, account))
        for _ in range(2):
            await filled_in(survey, invitation.url)
        assert len((await client.get("/v1/responses")).json()["data"]) == 1

    async def test_whom_a_sender_names_is_forgotten_at_once(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await anonymous_survey(client)
        named = {"customer": {"email": "ana@example.com"}, "source": {"url": "https://shop.example/ana"}}
        given = {"answers": [{"question": "score", "value": 2}]}
        body = response_to(live, "order-1042", **named, **given)
        twice = [(await client.post("/v1/responses", json=body)).json() for _ in range(2)]
        assert [one["duplicate"] for one in twice] == [False, True]
        await understand(survey, account)
        whole = repr(await everything(survey, account, "outbox")) + repr(
            [event.raw for event in await survey.emitted(account, ResponseReceived, FeedbackReceived, AttemptObserved)]
        )
        for trace in ("ana@example.com", "order-1042", "shop.example"):
            assert trace not in whole

    async def test_how_far_somebody_came_leads_to_nobody_either(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await anonymous_survey(client)
        survey.clock.advance(OFFSET)
        moment = survey.clock.now()
        shown = {"survey_id": live["id"], "submission_id": "order-1042"}
        for state in ("displayed", "started"):
            await client.post("/v1/attempts", json=shown | {"state": state})
        [row] = (await everything(survey, account))["attempts"]
        told = [event.raw.decode() for event in await survey.emitted(account, AttemptObserved)]
        assert len(told) == 2
        for trace in ("order-1042", f"{moment:%H:%M}"):
            assert trace not in row + repr(told)

    async def test_an_ordinary_survey_would_be_found_out(self, survey: Harness, account: UUID) -> None:
        """The same look, where nothing was promised: so the look above sees something."""
        client = survey.client(account=account)
        live = await open_survey(client)
        customer_id = await know_customer(survey, account)
        invitation = await invited(survey, account, live, customer_id)
        await filled_in(survey, invitation.url)
        rows = await everything(survey, account)
        assert any(str(customer_id) in row for row in rows["responses"])
        assert any(str(invitation.invitation_id) in row for row in rows["responses"])
