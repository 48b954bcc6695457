"""How often people may be asked: what the account says of it, and who may set it aside."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.contracts.customers import SegmentDeleted, SegmentMembershipChanged
from shared.contracts.survey import AskingChanged, GatesOverridden
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.survey.asking import gate_of, invite, join, say, set_contact_policy, set_survey_policy, write
from tests.survey.building import know_customer, open_survey


class TestAnyContactsClock:
    async def test_leaves_a_gap_after_whatever_it_was(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        await set_contact_policy(survey, account, gap_days=7, budgets=[])
        await write(survey, account, ana)
        live = await open_survey(survey.client(account=account))
        assert await gate_of(survey, account, live, ana) == "contact_gap"
        survey.clock.advance(timedelta(days=7))
        assert await gate_of(survey, account, live, ana) is None

    async def test_answers_to_the_customer_take_no_attention(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        await set_contact_policy(survey, account, gap_days=7, budgets=[])
        await write(survey, account, ana, template="reply", ticket_id=new_id())
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
        await write(survey, account, bo)
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
        await write(survey, account, ana)
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
        await write(survey, account, ana)
        survey.clock.advance(timedelta(hours=1))
        await invite(survey, account, live, ana)
        seen = (await survey.client(account=account).get("/v1/exposures", params={"customer_id": str(ana)})).json()
        assert [(one["kind"], one["channel"], one["survey_id"]) for one in seen["data"]] == [
            ("invitation", "email", live["id"]),
            ("message", "email", None),
        ]


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
            "quiet_hours": [{"start": "21:00", "end": "08:00", "channel": channel} for channel in ("sms", "whatsapp")],
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


async def _leave(survey: Harness, account: UUID, segment: UUID, *customers: UUID) -> None:
    change = SegmentMembershipChanged(segment_id=segment, segment_name="A segment", left=customers)
    await survey.deliver(change, account=account, subject=segment, version=5)
