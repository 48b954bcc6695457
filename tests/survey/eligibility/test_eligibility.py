"""May they be asked? Every gate, explained; every refusal, written down."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.contracts.customers import SegmentDeleted, SegmentMembershipChanged
from shared.contracts.notifier import MessageSent
from shared.contracts.survey import AskingChanged, GatesOverridden, InvitationCreated, InvitationRefused
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.survey.asking import explain, gate_of, invite, join, say, set_contact_policy, set_survey_policy
from tests.survey.building import know_customer, make_survey, open_survey


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
            "not_published", "restricted", "no_consent", "not_wanted", "no_address", "open_invitation", "asked_enough",
            "cool_down", "answered", "other_survey", "left_in_peace", "contact_gap", "contact_budget", "not_drawn",
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


class TestAnyContactsClock:
    async def test_leaves_a_gap_after_whatever_it_was(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        await set_contact_policy(survey, account, gap_days=7, budgets=[])
        await _message(survey, account, ana)
        live = await open_survey(survey.client(account=account))
        assert await gate_of(survey, account, live, ana) == "contact_gap"
        survey.clock.advance(timedelta(days=7))
        assert await gate_of(survey, account, live, ana) is None

    async def test_answers_to_the_customer_take_no_attention(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        await set_contact_policy(survey, account, gap_days=7, budgets=[])
        await _message(survey, account, ana, template="reply", ticket_id=new_id())
        assert await gate_of(survey, account, await open_survey(survey.client(account=account)), ana) is None

    async def test_a_budget_says_when_the_next_place_is_free(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        await set_contact_policy(survey, account, budgets=[{"most": 2, "days": 10}])
        client = survey.client(account=account)
        first_at = survey.clock.now()
        await invite(survey, account, await open_survey(client), ana)
        survey.clock.advance(timedelta(days=4))
        await invite(survey, account, await open_survey(client), ana)
        [refused] = await invite(survey, account, await open_survey(client), ana)
        assert refused["gate"] == "contact_budget"
        assert "2 of 2 contacts in 10 days are spent" in refused["detail"]
        assert datetime.fromisoformat(refused["next_eligible_at"]) == first_at + timedelta(days=10)

    async def test_a_channel_may_have_a_budget_of_its_own(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account, phone="+49301234567")
        await set_contact_policy(survey, account, budgets=[{"most": 1, "days": 30, "channel": "sms"}], quiet_hours=[])
        client = survey.client(account=account)
        await invite(survey, account, await open_survey(client), ana, channel="sms")
        third = await open_survey(client)
        assert await gate_of(survey, account, third, ana, channel="sms") == "contact_budget"
        assert await gate_of(survey, account, third, ana, channel="email") is None

    async def test_segments_may_be_excepted_the_first_that_fits(self, survey: Harness, account: UUID) -> None:
        press, vip = new_id(), new_id()
        ana = await know_customer(survey, account)
        bo = await know_customer(survey, account, email="bo@example.com")
        await join(survey, account, press, ana)
        await join(survey, account, vip, ana, bo)
        exceptions = [{"segment_id": str(press), "never": True}, {"segment_id": str(vip), "gap_days": 0, "budgets": []}]
        await set_contact_policy(survey, account, gap_days=30, exceptions=exceptions)
        live = await open_survey(survey.client(account=account))
        await _message(survey, account, bo)
        assert await gate_of(survey, account, live, ana) == "left_in_peace"
        assert await gate_of(survey, account, live, bo) is None
        await _leave(survey, account, vip, bo)
        assert await gate_of(survey, account, live, bo) == "contact_gap"

    async def test_a_deleted_segment_excepts_nobody(self, survey: Harness, account: UUID) -> None:
        press = new_id()
        ana = await know_customer(survey, account)
        await join(survey, account, press, ana)
        await set_contact_policy(survey, account, exceptions=[{"segment_id": str(press), "never": True}])
        await survey.deliver(SegmentDeleted(segment_id=press), account=account, subject=press, version=9)
        assert await gate_of(survey, account, await open_survey(survey.client(account=account)), ana) is None

    async def test_what_cannot_wait_ignores_it_and_counts_all_the_same(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        await set_contact_policy(survey, account, gap_days=7)
        client = survey.client(account=account)
        urgent, usual = await open_survey(client), await open_survey(client)
        await set_survey_policy(survey, account, urgent, ignores_contact_rules=True)
        await _message(survey, account, ana)
        survey.clock.advance(timedelta(days=6))
        await invite(survey, account, urgent, ana)
        survey.clock.advance(timedelta(days=6))
        assert await gate_of(survey, account, usual, ana) == "contact_gap"

    async def test_the_ledger_shows_how_often_by_what_and_about_which_survey(
        self, survey: Harness, account: UUID
    ) -> None:
        """Complaint: how many surveys, and which, did this person see? Are people overloaded?"""
        ana = await know_customer(survey, account)
        live = await open_survey(survey.client(account=account))
        await _message(survey, account, ana)
        survey.clock.advance(timedelta(hours=1))
        await invite(survey, account, live, ana)
        seen = (await survey.client(account=account).get("/v1/exposures", params={"customer_id": str(ana)})).json()
        assert [(one["kind"], one["channel"], one["survey_id"]) for one in seen["data"]] == [
            ("invitation", "email", live["id"]),
            ("message", "email", None),
        ]


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


class TestOverriding:
    async def test_a_person_may_with_a_reason_and_it_is_told(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        live = await open_survey(survey.client(account=account))
        await invite(survey, account, live, ana, expires_in_days=1)
        survey.clock.advance(timedelta(days=2))
        assert await gate_of(survey, account, live, ana) == "cool_down"
        [result] = await invite(survey, account, live, ana, override={"reason": "she asked for the link again"})
        assert result["status"] == "queued"
        [event] = await survey.emitted(account, GatesOverridden)
        assert isinstance(event.data, GatesOverridden)
        assert event.data.overridden == {"cool_down": 1}
        assert event.data.reason == "she asked for the link again"

    @pytest.mark.parametrize("gate", ["no_consent", "restricted", "not_wanted"])
    async def test_never_what_somebody_has_a_right_to(self, survey: Harness, account: UUID, gate: str) -> None:
        closing: dict[str, dict[str, Any]] = {
            "restricted": {"restricted": True},
            "not_wanted": {"preferred_channel": "none"},
        }
        ana = await know_customer(survey, account, **closing.get(gate, {}))
        if gate == "no_consent":
            await say(survey, account, ana, granted=False)
        live = await open_survey(survey.client(account=account))
        [result] = await invite(survey, account, live, ana, override={"reason": "we really want to know"})
        assert result["gate"] == gate

    async def test_a_machine_may_not(self, survey: Harness, account: UUID) -> None:
        live = await open_survey(survey.client(account=account))
        machine = survey.client(account=account, actor=Actor(ActorKind.PARTNER, "key"))
        body = {"customers": [str(new_id())], "override": {"reason": "because I can"}}
        assert (await machine.post(f"/v1/surveys/{live['id']}/invitations", json=body)).status_code == 403


class TestPolicies:
    async def test_start_with_defaults_and_tell_of_changes(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        before = await client.get("/v1/contact-policy")
        assert before.json() == {
            "gap_days": 0,
            "budgets": [{"most": 3, "days": 7, "channel": None}],
            "exceptions": [],
            "quiet_hours": [{"start": "21:00", "end": "08:00", "channel": "sms"}],
        }
        changed = await client.put(
            "/v1/contact-policy", json=before.json() | {"gap_days": 3}, headers={"If-Match": before.headers["ETag"]}
        )
        assert changed.status_code == 200
        assert changed.headers["ETag"] == '"1"'
        stale = await client.put("/v1/contact-policy", json={}, headers={"If-Match": before.headers["ETag"]})
        assert stale.status_code == 412
        [event] = await survey.emitted(account, AskingChanged)
        assert isinstance(event.data, AskingChanged)
        assert (event.data.what, event.data.change, event.data.changed) == ("contact_policy", "created", ("gap_days",))

    @pytest.mark.parametrize(
        "body",
        [
            {"gap_days": -1},
            {"budgets": [{"most": 1, "days": 0}]},
            {"budgets": [{"most": 1, "days": 7}] * 21},
            {"quiet_hours": [{"start": "21:00", "end": "21:00"}]},
            {"quiet_hours": [{"start": "21:00Z", "end": "08:00"}]},
            {"exceptions": [{"segment_id": "00000000-0000-0000-0000-000000000001"}] * 2},
        ],
    )
    async def test_refuse_what_makes_no_sense(self, survey: Harness, account: UUID, body: dict[str, Any]) -> None:
        answer = await survey.client(account=account).put("/v1/contact-policy", json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"]


async def _message(survey: Harness, account: UUID, customer_id: UUID, **fields: Any) -> None:
    sent: dict[str, Any] = {
        "message_id": new_id(),
        "customer_id": customer_id,
        "ticket_id": None,
        "invitation_id": None,
        "rule_id": None,
        "channel": "email",
        "template": "message",
        "subject": "News",
        "sent_at": survey.clock.now(),
    }
    await survey.deliver(MessageSent(**(sent | fields)), account=account)


async def _leave(survey: Harness, account: UUID, segment: UUID, *customers: UUID) -> None:
    change = SegmentMembershipChanged(segment_id=segment, segment_name="A segment", left=customers)
    await survey.deliver(change, account=account, subject=segment, version=5)
