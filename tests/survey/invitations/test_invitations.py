"""Asking customers: the link each gets, or the gate that refused."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.survey.app import SERVICE
from shared.contracts.customers import CustomerDeleted
from shared.contracts.survey import InvitationCreated
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.conftest import HarnessFactory
from tests.survey.building import know_customer, make_survey, open_survey


async def invite(
    survey: Harness, account: UUID, live: dict[str, Any], *customers: Any, **fields: Any
) -> list[dict[str, Any]]:
    named = [str(one) if isinstance(one, UUID) else one for one in customers]
    answer = await survey.client(account=account).post(
        f"/v1/surveys/{live['id']}/invitations", json={"customers": named} | fields
    )
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["queued"] + body["refused"] == len(body["data"]) == len(customers)
    results: list[dict[str, Any]] = body["data"]
    return results


async def put_contact_policy(survey: Harness, account: UUID) -> None:
    """No quiet hours, whatever the test's clock says."""
    answer = await survey.client(account=account).put("/v1/contact-policy", json={"quiet_hours": []})
    assert answer.status_code == 200, answer.text


class TestAccess:
    @pytest.mark.parametrize("call", ["POST {}/invitations", "GET {}/link"])
    async def test_needs_a_credential(self, survey: Harness, call: str) -> None:
        method, _, path = call.format(f"/v1/surveys/{new_id()}").partition(" ")
        assert (await survey.anonymous().request(method, path, json={})).status_code == 401

    @pytest.mark.parametrize("call", ["POST {}/invitations", "GET {}/link"])
    async def test_another_accounts_survey_is_not_there(self, survey: Harness, account: UUID, call: str) -> None:
        live = await open_survey(survey.client(account=account))
        method, _, path = call.format(f"/v1/surveys/{live['id']}").partition(" ")
        other = survey.client(account=new_id())
        assert (await other.request(method, path, json={"customers": [str(new_id())]})).status_code == 404

    async def test_another_accounts_customer_is_unknown(self, survey: Harness, account: UUID) -> None:
        stranger = await know_customer(survey, new_id())
        live = await open_survey(survey.client(account=account))
        [result] = await invite(survey, account, live, stranger)
        assert result["gate"] == "unknown_customer"


class TestInviting:
    async def test_by_whatever_the_customer_is_known_by(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account, email="ana@example.com")
        bo = await know_customer(survey, account, email="bo@example.com", external_id="crm-2")
        cy = await know_customer(survey, account, email="cy@example.com", phone="+49301234567")
        live = await open_survey(survey.client(account=account))
        results = await invite(
            survey, account, live, {"email": "ANA@example.com"}, {"external_id": "crm-2"}, {"phone": "+49 30 1234567"}
        )
        assert [result["status"] for result in results] == ["queued"] * 3
        assert [result["customer_id"] for result in results] == [str(ana), str(bo), str(cy)]
        assert len({result["url"] for result in results}) == 3

    async def test_gives_the_notifier_all_it_needs_in_the_customers_language(
        self, survey: Harness, account: UUID
    ) -> None:
        ana = await know_customer(survey, account, locale="de-AT")
        live = await open_survey(survey.client(account=account), kind="csat")
        [result] = await invite(survey, account, live, ana, expires_in_days=3)
        [event] = await survey.emitted(account, InvitationCreated)
        created = event.data
        assert isinstance(created, InvitationCreated)
        assert (created.customer_id, created.channel, created.locale) == (ana, "email", "de-AT")
        assert created.question == "Wie zufrieden sind Sie insgesamt mit uns?"
        assert (created.low_label, created.high_label) == ("Sehr unzufrieden", "Sehr zufrieden")
        assert [(score.score, score.url) for score in created.scores] == [
            (score, f"{result['url']}?score={score}") for score in range(1, 6)
        ]
        assert created.expires_at == survey.clock.now() + timedelta(days=3)

    @pytest.mark.parametrize("channel", ["email", "sms"])
    async def test_what_is_known_before_stands_in_its_words(self, survey: Harness, account: UUID, channel: str) -> None:
        title = {"en": "Rec {{hidden.shop|our shop}} ({{variable.year}}, {{response.channel}})?"}
        labels = {"low_label": {"en": "Not {{hidden.shop|it}}"}, "high_label": {"en": "Yes, {{variable.year}}"}}
        page = {"key": "p", "questions": [{"key": "score", "type": "nps", "title": title, **labels}]}
        document = {
            "pages": [page],
            "hidden_fields": [{"key": "shop"}],
            "variables": [{"key": "year", "initial": 2026}],
        }
        live = await open_survey(survey.client(account=account), kind=None, definition=document)
        subject = {"key": "b", "subject": "{{hidden.shop|Our shop}} asks", "text": "In {{ variable.year }}."}
        body = {"name": "x", "of": "invitation", "variants": [{"key": "a", "subject": "-"}, subject | {"weight": 1000}]}
        path = f"/v1/surveys/{live['id']}/experiments"
        assert (await survey.client(account=account).post(path, json=body)).status_code == 201
        await put_contact_policy(survey, account)
        for number in range(6):
            phone = f"+4930123456{number}"
            one = await know_customer(survey, account, email=f"p{number}@example.com", phone=phone)
            await invite(survey, account, live, one, channel=channel)
        told = [event.data for event in await survey.emitted(account, InvitationCreated)]
        created = next(one for one in told if isinstance(one, InvitationCreated) and one.variant == "b")
        assert created.question == f"Rec our shop (2026, {channel})?"
        assert (created.low_label, created.high_label) == ("Not it", "Yes, 2026")
        assert (created.subject, created.text) == ("Our shop asks", "In 2026.")

    async def test_who_is_waited_for_keeps_no_connection_from_others(
        self, harness: HarnessFactory, account: UUID
    ) -> None:
        survey = await harness(SERVICE, survey_contact_wait_seconds=10, database_pool_size=2)
        live = await open_survey(survey.client(account=account))
        waiting = [
            asyncio.create_task(invite(survey, account, live, {"email": f"{number}@example.com"}))
            for number in range(12)
        ]
        known = await know_customer(survey, account, email="known@example.com")
        # With the two connections taken for as long as that, each of these would be refused.
        for _ in range(5):
            [result] = await invite(survey, account, live, known)
            assert result["status"] == "queued" or result["gate"] == "open_invitation"
        assert not any(task.done() for task in waiting)
        for number in range(12):
            await know_customer(survey, account, email=f"{number}@example.com")
        assert [result["status"] for [result] in await asyncio.gather(*waiting)] == ["queued"] * 12

    async def test_a_customer_who_was_created_a_moment_ago_is_waited_for(
        self, harness: HarnessFactory, account: UUID
    ) -> None:
        survey = await harness(SERVICE, survey_contact_wait_seconds=10)
        live = await open_survey(survey.client(account=account))
        asked = asyncio.create_task(invite(survey, account, live, {"email": "ana@example.com"}))
        await know_customer(survey, account)
        [result] = await asked
        assert result["status"] == "queued"


class TestGates:
    async def test_each_says_why_and_the_others_pass(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        mute = await know_customer(survey, account, email=None, phone="+49301234567")
        live = await open_survey(survey.client(account=account))
        results = await invite(survey, account, live, ana, mute, {"email": "nobody@example.com"}, ana)
        assert [result["gate"] for result in results] == [None, "no_address", "unknown_customer", "asked_twice"]
        assert all(result["detail"] for result in results[1:])
        assert len(await survey.emitted(account, InvitationCreated)) == 1

    async def test_an_archived_survey_says_what_to_do(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        live = await open_survey(survey.client(account=account))
        assert (await survey.client(account=account).post(f"/v1/surveys/{live['id']}/archive")).status_code == 200
        for result in await invite(survey, account, live, ana, {"email": "nobody@example.com"}):
            assert result["gate"] == "not_published"
            assert "duplicate" in result["detail"]
            assert "publish" not in result["detail"]

    async def test_a_draft_asks_nobody(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        draft = await make_survey(survey.client(account=account))
        [result] = await invite(survey, account, draft, ana)
        assert (result["gate"], result["url"]) == ("not_published", None)

    async def test_a_link_needs_no_address(self, survey: Harness, account: UUID) -> None:
        mute = await know_customer(survey, account, email=None)
        live = await open_survey(survey.client(account=account))
        [result] = await invite(survey, account, live, mute, channel="link")
        assert result["status"] == "queued"

    async def test_one_open_invitation_at_a_time_until_it_runs_out(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        live = await open_survey(survey.client(account=account), cooldown_days=0)
        [first] = await invite(survey, account, live, ana, expires_in_days=2)
        [refused] = await invite(survey, account, live, ana)
        assert (refused["gate"], refused["next_eligible_at"]) == ("open_invitation", first["expires_at"])
        survey.clock.advance(timedelta(days=2))
        [again] = await invite(survey, account, live, ana)
        assert again["status"] == "queued"

    async def test_after_an_answer_the_cool_down_has_to_pass(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        live = await open_survey(survey.client(account=account), cooldown_days=5)
        asked_at = survey.clock.now()
        [first] = await invite(survey, account, live, ana)
        await survey.anonymous().post(httpx.URL(first["url"]).path, data={"score": "9"})
        survey.clock.advance(timedelta(days=5) - timedelta(seconds=1))
        [refused] = await invite(survey, account, live, ana)
        assert refused["gate"] == "cool_down"
        assert refused["next_eligible_at"] == (asked_at + timedelta(days=5)).isoformat().replace("+00:00", "Z")
        survey.clock.advance(timedelta(seconds=1))
        [again] = await invite(survey, account, live, ana)
        assert again["status"] == "queued"

    async def test_another_survey_may_ask_meanwhile(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        for _ in range(2):
            [result] = await invite(survey, account, await open_survey(survey.client(account=account)), ana)
            assert result["status"] == "queued"

    async def test_calls_at_the_same_moment_make_one_invitation(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        live = await open_survey(survey.client(account=account))
        results = await asyncio.gather(*(invite(survey, account, live, ana) for _ in range(8)))
        statuses = sorted(result["status"] for [result] in results)
        assert statuses == ["queued"] + ["refused"] * 7
        assert len(await survey.emitted(account, InvitationCreated)) == 1

    async def test_a_deleted_customer_is_unknown_and_their_link_is_dead(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        live = await open_survey(survey.client(account=account))
        [result] = await invite(survey, account, live, ana)
        await survey.deliver(CustomerDeleted(customer_id=ana), account=account, subject=ana, version=2)
        assert (await survey.anonymous().get(httpx.URL(result["url"]).path)).status_code == 410
        [refused] = await invite(survey, account, live, ana)
        assert refused["gate"] == "unknown_customer"


class TestRefusing:
    @pytest.mark.parametrize(
        "body",
        [
            {"customers": []},
            {"customers": ["ana"]},
            {"customers": [{"email": "ana@example.com", "phone": "+49301234567"}]},
            {"customers": [{}]},
            {"customers": [{"email": None}]},
            {"customers": [str(new_id())], "channel": "pigeon"},
            {"customers": [str(new_id())], "expires_in_days": 0},
            {"customers": [str(new_id())] * 1_001},
        ],
    )
    async def test_what_cannot_be_understood(self, survey: Harness, account: UUID, body: dict[str, Any]) -> None:
        live = await open_survey(survey.client(account=account))
        answer = await survey.client(account=account).post(f"/v1/surveys/{live['id']}/invitations", json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"]
