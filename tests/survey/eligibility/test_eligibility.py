"""May they be asked? Every gate, explained; every refusal, written down."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.contracts.survey import InvitationCreated, InvitationRefused
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.survey.asking import explain, gate_of, invite, join, say, set_contact_policy, set_survey_policy
from tests.survey.building import know_customer, make_survey, open_survey, response_to


class TestAccess:
    PATHS = (
        "GET /v1/surveys/{id}/eligibility?customer_id={other}",
        "GET /v1/surveys/{id}/refusals",
        "GET /v1/surveys/{id}/asking",
        "GET /v1/surveys/{id}/invitations",
        "POST /v1/surveys/{id}/invitations/{other}/revoke",
    )

    @pytest.mark.parametrize("call", [*PATHS, "GET /v1/contact-policy", "GET /v1/exposures?customer_id={other}"])
    async def test_needs_a_credential(self, survey: Harness, call: str) -> None:
        method, path = call.format(id=new_id(), other=new_id()).split(" ")
        assert (await survey.anonymous().request(method, path)).status_code == 401

    @pytest.mark.parametrize("call", PATHS)
    async def test_another_accounts_survey_is_not_there(self, survey: Harness, account: UUID, call: str) -> None:
        live = await open_survey(survey.client(account=account))
        method, path = call.format(id=live["id"], other=new_id()).split(" ")
        assert (await survey.client(account=new_id()).request(method, path)).status_code == 404

    async def test_another_accounts_customer_is_unknown(self, survey: Harness, account: UUID) -> None:
        stranger = await know_customer(survey, new_id())
        live = await open_survey(survey.client(account=account))
        answer = await survey.client(account=account).get(
            f"/v1/surveys/{live['id']}/eligibility", params={"customer_id": str(stranger)}
        )
        assert answer.status_code == 404

    async def test_is_about_one_or_about_many(self, survey: Harness, account: UUID) -> None:
        live = await open_survey(survey.client(account=account))
        both = {"customer_id": str(new_id()), "segment_id": str(new_id())}
        answer = await survey.client(account=account).get(f"/v1/surveys/{live['id']}/eligibility", params=both)
        assert answer.status_code == 422


class TestExplaining:
    async def test_names_every_gate_and_passes_a_new_customer(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        verdict = await explain(survey, account, await open_survey(survey.client(account=account)), ana)
        assert verdict["eligible"]
        assert verdict["next_eligible_at"] is None
        assert [gate["gate"] for gate in verdict["gates"]] == [
            "not_published", "full", "restricted", "no_consent", "not_wanted", "no_address", "no_template",
            "open_invitation", "asked_enough", "cool_down", "answered", "other_survey", "left_in_peace", "contact_gap",
            "contact_budget", "not_drawn",
        ]  # fmt: skip
        assert all(gate["passed"] and gate["detail"] and gate["opens_at"] is None for gate in verdict["gates"])

    async def test_tells_all_closed_gates_and_when_the_last_opens(self, survey: Harness, account: UUID) -> None:
        """Complaint: is the person in a cool-down, and until when?"""
        ana = await know_customer(survey, account)
        live = await open_survey(survey.client(account=account), cooldown_days=30)
        await set_contact_policy(survey, account, gap_days=5, budgets=[])
        asked_at = survey.clock.now()
        await invite(survey, account, live, ana, expires_in_days=2)
        survey.clock.advance(timedelta(days=3))
        verdict = await explain(survey, account, live, ana)
        closed = {gate["gate"]: gate["opens_at"] for gate in verdict["gates"] if not gate["passed"]}
        assert {name: datetime.fromisoformat(at) - asked_at for name, at in closed.items()} == {
            "cool_down": timedelta(days=30),
            "contact_gap": timedelta(days=5),
        }
        assert datetime.fromisoformat(verdict["next_eligible_at"]) - asked_at == timedelta(days=30)
        assert not verdict["eligible"]
        assert verdict["would_leave_at"] is None
        detail = next(gate["detail"] for gate in verdict["gates"] if gate["gate"] == "cool_down")
        assert "2026-03-02 09:00 UTC" in detail
        assert "30 days" in detail

    async def test_changes_and_records_nothing(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        draft = await make_survey(survey.client(account=account))
        await explain(survey, account, draft, ana)
        assert await survey.emitted(account, InvitationRefused) == []
        refusals = await survey.client(account=account).get(f"/v1/surveys/{draft['id']}/refusals")
        assert refusals.json()["data"] == []

    async def test_counts_a_segment_by_the_first_gate(self, survey: Harness, account: UUID) -> None:
        segment = new_id()
        people = [await know_customer(survey, account, email=f"c{n}@example.com") for n in range(3)]
        mute = await know_customer(survey, account, email=None)
        shy = await know_customer(survey, account, restricted=True)
        await join(survey, account, segment, *people, mute, shy)
        live = await open_survey(survey.client(account=account))
        await invite(survey, account, live, people[0])
        answer = await survey.client(account=account).get(
            f"/v1/surveys/{live['id']}/eligibility", params={"segment_id": str(segment)}
        )
        assert answer.json() == {
            "segment_id": str(segment),
            "channel": "email",
            "customers": 5,
            "eligible": 2,
            "refused": {"open_invitation": 1, "no_address": 1, "restricted": 1},
        }
        everybody = (await survey.client(account=account).get(f"/v1/surveys/{live['id']}/eligibility")).json()
        assert (everybody["segment_id"], everybody["customers"]) == (None, 5)


class TestConsent:
    async def test_a_withdrawal_wins_and_a_later_yes_lifts_it(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        live = await open_survey(survey.client(account=account))
        await say(survey, account, ana, granted=False, channel="email")
        assert await gate_of(survey, account, live, ana) == "no_consent"
        assert await gate_of(survey, account, live, ana, channel="link") is None
        survey.clock.advance(timedelta(minutes=1))
        await say(survey, account, ana, granted=True, channel="email")
        assert await gate_of(survey, account, live, ana) is None

    async def test_a_no_to_everything_is_a_no_to_links_too(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        live = await open_survey(survey.client(account=account))
        await say(survey, account, ana, granted=False, channel="any")
        for channel in ("email", "link"):
            assert await gate_of(survey, account, live, ana, channel=channel) == "no_consent"

    async def test_an_older_statement_that_comes_late_changes_nothing(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        live = await open_survey(survey.client(account=account))
        before = survey.clock.now() - timedelta(days=1)
        await say(survey, account, ana, granted=False)
        await say(survey, account, ana, granted=True, at=before)
        assert await gate_of(survey, account, live, ana) == "no_consent"

    async def test_is_about_surveys_only(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        await say(survey, account, ana, granted=False, purpose="marketing")
        assert await gate_of(survey, account, await open_survey(survey.client(account=account)), ana) is None


class TestPerson:
    async def test_who_is_restricted_is_left_alone(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account, restricted=True)
        assert await gate_of(survey, account, await open_survey(survey.client(account=account)), ana) == "restricted"

    async def test_who_wants_no_contact_gets_none(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account, preferred_channel="none")
        assert await gate_of(survey, account, await open_survey(survey.client(account=account)), ana) == "not_wanted"

    async def test_a_text_needs_a_phone(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        live = await open_survey(survey.client(account=account))
        assert await gate_of(survey, account, live, ana, channel="sms") == "no_address"


class TestThisSurveysClock:
    async def test_once_ever(self, survey: Harness, account: UUID) -> None:
        """Complaint: the same people submit again and again. Here it is kept by person, not by cookie."""
        ana = await know_customer(survey, account)
        live = await open_survey(survey.client(account=account), cooldown_days=0)
        await set_survey_policy(survey, account, live, most_times=1)
        await invite(survey, account, live, ana, expires_in_days=1)
        survey.clock.advance(timedelta(days=400))
        [refused] = await invite(survey, account, live, ana)
        assert (refused["gate"], refused["next_eligible_at"]) == ("asked_enough", None)

    async def test_counts_from_the_answer_if_wanted(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        live = await open_survey(survey.client(account=account), cooldown_days=0)
        await set_survey_policy(survey, account, live, answered_days=90)
        [first] = await invite(survey, account, live, ana)
        survey.clock.advance(timedelta(days=10))
        answered_at = survey.clock.now()
        await survey.anonymous().post(httpx.URL(first["url"]).path, data={"score": "9"})
        survey.clock.advance(timedelta(days=85))
        [refused] = await invite(survey, account, live, ana)
        assert refused["gate"] == "answered"
        assert datetime.fromisoformat(refused["next_eligible_at"]) == answered_at + timedelta(days=90)

    async def test_keeps_away_from_other_surveys_only_if_told_to(self, survey: Harness, account: UUID) -> None:
        """Complaint: NPS and CES block each other, because there is only one clock."""
        ana = await know_customer(survey, account)
        client = survey.client(account=account)
        nps, ces, csat = [await open_survey(client, kind=kind) for kind in ("nps", "ces", "csat")]
        await set_survey_policy(survey, account, csat, after_others=[{"survey_id": nps["id"], "days": 60}])
        await invite(survey, account, nps, ana)
        assert await gate_of(survey, account, ces, ana) is None
        assert await gate_of(survey, account, csat, ana) == "other_survey"
        survey.clock.advance(timedelta(days=60))
        assert await gate_of(survey, account, csat, ana) is None

    async def test_a_drawn_sample_stays_the_same(self, survey: Harness, account: UUID) -> None:
        people = [await know_customer(survey, account, email=f"c{n}@example.com") for n in range(60)]
        live = await open_survey(survey.client(account=account), cooldown_days=0)
        await set_survey_policy(survey, account, live, sample_percent="50")
        first = await invite(survey, account, live, *people)
        drawn = {one["customer_id"] for one in first if one["status"] == "queued"}
        assert 10 < len(drawn) < 50
        assert {one["gate"] for one in first if one["status"] == "refused"} == {"not_drawn"}
        survey.clock.advance(timedelta(days=40))
        again = await invite(survey, account, live, *people)
        assert {one["customer_id"] for one in again if one["status"] == "queued"} == drawn


class TestConcurrency:
    async def test_fifty_at_once_send_one(self, survey: Harness, account: UUID) -> None:
        """Each on another survey, so that no unique index helps. Seen to fail without `facts.lock`."""
        ana = await know_customer(survey, account)
        await set_contact_policy(survey, account, gap_days=1)
        client = survey.client(account=account)
        lives = [await open_survey(client) for _ in range(5)]
        results = await asyncio.gather(*(self._ask(client, lives[n % 5], ana) for n in range(50)))
        assert (results.count("queued"), results.count("refused")) == (1, 49)
        assert len(await survey.emitted(account, InvitationCreated)) == 1

    async def _ask(self, client: httpx.AsyncClient, live: dict[str, Any], customer: UUID) -> Any:
        """As long as the service is too busy, again: so many wait for one customer that connections run out."""
        while True:
            body = {"customers": [str(customer)]}
            answer = await client.post(f"/v1/surveys/{live['id']}/invitations", json=body)
            if answer.status_code != 503:
                return answer.json()["data"][0]["status"]


class TestRefusals:
    async def test_are_written_down_with_their_gate_and_told(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account, email=None)
        live = await open_survey(survey.client(account=account))
        await invite(survey, account, live, ana)
        client = survey.client(account=account)
        path = f"/v1/surveys/{live['id']}/refusals"
        [kept] = (await client.get(path, params={"customer_id": str(ana), "gate": "no_address"})).json()["data"]
        assert (kept["customer_id"], kept["gate"], kept["cause"]) == (str(ana), "no_address", "call")
        assert (await client.get(path, params={"gate": "cool_down"})).json()["data"] == []
        [event] = await survey.emitted(account, InvitationRefused)
        assert isinstance(event.data, InvitationRefused)
        assert (event.data.customer_id, event.data.gate, event.data.detail) == (ana, "no_address", kept["detail"])


class TestFull:
    @pytest.mark.parametrize("by", ["limit", "quota"])
    async def test_a_full_survey_asks_nobody_and_its_page_says_so(
        self, survey: Harness, account: UUID, by: str
    ) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        if by == "limit":
            live = (await client.patch(f"/v1/surveys/{live['id']}", json={"response_limit": 1})).json()
        else:
            quota = live["definition"] | {"quotas": [{"key": "all", "limit": 1}]}
            await client.patch(f"/v1/surveys/{live['id']}", json={"definition": quota})
            live = (await client.post(f"/v1/surveys/{live['id']}/publish")).json()
        ana = await know_customer(survey, account)
        assert await gate_of(survey, account, live, ana) is None
        link = (await client.get(f"/v1/surveys/{live['id']}/link")).json()["url"]
        path = httpx.URL(link).path
        assert "<form" in (await survey.anonymous().get(path)).text
        assert (await client.post("/v1/responses", json=response_to(live))).status_code == 201
        assert await gate_of(survey, account, live, ana) == "full"
        [result] = await invite(survey, account, live, ana)
        assert (result["gate"], "1 of at most 1" in result["detail"]) == ("full", True)
        page = await survey.anonymous().get(path)
        assert "as many answers as we need" in page.text
        assert "<form" not in page.text


class TestReferences:
    async def test_what_leads_nowhere_is_refused(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        path, nowhere = f"/v1/surveys/{(live := await open_survey(client))['id']}", str(new_id())
        stranger = await open_survey(survey.client(account=new_id()))
        calls: list[tuple[str, dict[str, Any], str]] = [
            ("/v1/contact-policy", {"exceptions": [{"segment_id": nowhere}]}, "/exceptions/0/segment_id"),
            (f"{path}/recurrence", {"every_days": 30, "segment_id": nowhere}, "/segment_id"),
        ]
        for other in (nowhere, live["id"], stranger["id"]):
            body = {"after_others": [{"survey_id": other, "days": 3}]}
            calls.append((f"{path}/asking", body, "/after_others/0/survey_id"))
        for address, body, pointer in calls:
            answer = await client.put(address, json=body)
            assert answer.status_code == 422, address
            assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]
