"""What becomes of an invitation: quiet hours, reminders, its end."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.contracts.customers import CustomerIdentified
from shared.contracts.survey import InvitationCreated, InvitationEnded, InvitationRefused, InvitationReminded
from shared.testing.harness import Harness
from tests.survey.asking import explain, gate_of, invite, say, set_contact_policy, set_survey_policy
from tests.survey.building import know_customer, open_survey, response_to, understand

NIGHT: dict[str, Any] = {"quiet_hours": [{"start": "20:00", "end": "09:00"}]}


class TestQuietHours:
    async def test_it_waits_for_the_morning_where_the_customer_is(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account, timezone="America/Los_Angeles")  # it is 1 at night there
        live = await open_survey(survey.client(account=account))
        await set_contact_policy(survey, account, **NIGHT)
        morning = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
        verdict = await explain(survey, account, live, ana)
        assert datetime.fromisoformat(verdict["would_leave_at"]) == morning
        [result] = await invite(survey, account, live, ana)
        assert (result["status"], datetime.fromisoformat(result["sends_at"])) == ("queued", morning)
        await survey.run_timers()
        assert await survey.emitted(account, InvitationCreated) == []
        survey.clock.advance(morning - survey.clock.now())
        await survey.run_timers()
        assert len(await survey.emitted(account, InvitationCreated)) == 1
        assert (await listed(survey, account, live))[0]["state"] == "open"

    async def test_over_a_change_of_the_clocks_too(self, survey: Harness, account: UUID) -> None:
        survey.clock.advance(datetime(2026, 3, 28, 22, 0, tzinfo=UTC) - survey.clock.now())
        ana = await know_customer(survey, account, timezone="Europe/Berlin")
        live = await open_survey(survey.client(account=account))
        await set_contact_policy(survey, account, **NIGHT)
        [result] = await invite(survey, account, live, ana)
        assert datetime.fromisoformat(result["sends_at"]) == datetime(2026, 3, 29, 7, 0, tzinfo=UTC)

    async def test_a_link_that_is_passed_on_does_not_wait(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account, timezone="America/Los_Angeles")
        live = await open_survey(survey.client(account=account))
        await set_contact_policy(survey, account, **NIGHT)
        [result] = await invite(survey, account, live, ana, channel="link")
        assert result["sends_at"] is None

    @pytest.mark.parametrize("change", ["consent", "survey"])
    async def test_what_was_forbidden_meanwhile_does_not_leave(
        self, survey: Harness, account: UUID, change: str
    ) -> None:
        ana = await know_customer(survey, account, timezone="America/Los_Angeles")
        client = survey.client(account=account)
        live = await open_survey(client)
        await set_contact_policy(survey, account, **NIGHT)
        await invite(survey, account, live, ana)
        if change == "consent":
            await say(survey, account, ana, granted=False)
        else:
            await client.post(f"/v1/surveys/{live['id']}/pause")
        survey.clock.advance(timedelta(hours=10))
        await survey.run_timers()
        assert await survey.emitted(account, InvitationCreated) == []
        [refused] = await survey.emitted(account, InvitationRefused)
        [over] = await survey.emitted(account, InvitationEnded)
        assert isinstance(refused.data, InvitationRefused)
        assert isinstance(over.data, InvitationEnded)
        assert refused.data.gate == over.data.reason == {"consent": "no_consent", "survey": "not_published"}[change]
        assert refused.data.invitation_id == over.data.invitation_id
        assert (await client.get("/v1/exposures", params={"customer_id": str(ana)})).json()["data"] == []


class TestReminders:
    async def test_go_to_those_who_have_not_answered_spaced_and_no_more_than_wanted(
        self, survey: Harness, account: UUID
    ) -> None:
        """Complaint: remind those who did not answer."""
        ana = await know_customer(survey, account)
        bo = await know_customer(survey, account, email="bo@example.com")
        live = await open_survey(survey.client(account=account))
        await set_survey_policy(survey, account, live, reminders={"most": 2, "days": 3})
        [to_ana, to_bo] = await invite(survey, account, live, ana, bo, expires_in_days=20)
        await survey.anonymous().post(httpx.URL(to_bo["url"]).path, data={"score": "9"})
        days = []
        for day in range(1, 20):
            survey.clock.advance(timedelta(days=1))
            before = len(await reminded(survey, account))
            await survey.run_timers()
            days += [day] * (len(await reminded(survey, account)) - before)
        assert days == [3, 6]
        told = await reminded(survey, account)
        assert [(one.customer_id, one.number, one.most) for one in told] == [(ana, 1, 2), (ana, 2, 2)]
        assert told[0].url == to_ana["url"]
        assert told[0].scores

    async def test_need_a_place_in_the_budget_and_wait_for_one(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        live = await open_survey(survey.client(account=account))
        await set_contact_policy(survey, account, budgets=[{"most": 1, "days": 7}])
        await set_survey_policy(survey, account, live, reminders={"most": 1, "days": 2})
        await invite(survey, account, live, ana)
        survey.clock.advance(timedelta(days=6))
        await survey.run_timers()
        assert await reminded(survey, account) == []
        survey.clock.advance(timedelta(days=1))
        await survey.run_timers()
        assert len(await reminded(survey, account)) == 1

    async def test_stop_when_they_are_not_wanted_any_more(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        live = await open_survey(survey.client(account=account))
        await set_survey_policy(survey, account, live, reminders={"most": 3, "days": 1})
        await invite(survey, account, live, ana)
        await say(survey, account, ana, granted=False, channel="email")
        for _ in range(5):
            survey.clock.advance(timedelta(days=1))
            await survey.run_timers()
        assert await reminded(survey, account) == []
        assert len(await survey.emitted(account, InvitationRefused)) == 1


class TestEnd:
    async def test_it_runs_out_and_that_is_told(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        live = await open_survey(survey.client(account=account))
        [result] = await invite(survey, account, live, ana, expires_in_days=2)
        survey.clock.advance(timedelta(days=2))
        await survey.run_timers()
        [over] = await survey.emitted(account, InvitationEnded)
        assert isinstance(over.data, InvitationEnded)
        assert (str(over.data.invitation_id), over.data.reason) == (result["invitation_id"], "expired")
        assert (await listed(survey, account, live))[0]["state"] == "expired"

    async def test_it_can_be_revoked_and_its_link_is_dead(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        client = survey.client(account=account)
        live = await open_survey(client)
        [result] = await invite(survey, account, live, ana)
        path = f"/v1/surveys/{live['id']}/invitations/{result['invitation_id']}/revoke"
        for _ in range(2):
            assert (await client.post(path)).json()["state"] == "revoked"
        [over] = await survey.emitted(account, InvitationEnded)
        assert isinstance(over.data, InvitationEnded)
        assert over.data.reason == "revoked"
        assert (await survey.anonymous().get(httpx.URL(result["url"]).path)).status_code == 410

    async def test_what_was_answered_cannot_be_revoked(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        client = survey.client(account=account)
        live = await open_survey(client)
        [result] = await invite(survey, account, live, ana)
        await survey.anonymous().post(httpx.URL(result["url"]).path, data={"score": "9"})
        path = f"/v1/surveys/{live['id']}/invitations/{result['invitation_id']}/revoke"
        assert (await client.post(path)).status_code == 409


async def reminded(survey: Harness, account: UUID) -> list[InvitationReminded]:
    events = await survey.emitted(account, InvitationReminded)
    return [event.data for event in events if isinstance(event.data, InvitationReminded)]


async def listed(survey: Harness, account: UUID, live: dict[str, Any]) -> list[dict[str, Any]]:
    found = await survey.client(account=account).get(f"/v1/surveys/{live['id']}/invitations")
    data: list[dict[str, Any]] = found.json()["data"]
    return data


class TestAnsweredInAnotherWay:
    """Through the API, say, with the customer's id or what leads to it."""

    async def test_ends_the_open_invitation_and_counts_for_the_surveys_clock(
        self, survey: Harness, account: UUID
    ) -> None:
        client = survey.client(account=account)
        ana = await know_customer(survey, account)
        live = await open_survey(client, cooldown_days=0)
        await set_survey_policy(survey, account, live, answered_days=90, reminders={"most": 2, "days": 1})
        await invite(survey, account, live, ana)
        survey.clock.advance(timedelta(hours=2))
        await client.post("/v1/responses", json=response_to(live, customer={"id": str(ana)}))
        await understand(survey, account)
        [over] = await listed(survey, account, live)
        assert over["state"] == "answered"
        assert datetime.fromisoformat(over["answered_at"]) == survey.clock.now()
        survey.clock.advance(timedelta(days=3))
        await survey.run_timers()
        assert await reminded(survey, account) == []
        verdict = await explain(survey, account, live, ana)
        [gate] = [gate for gate in verdict["gates"] if not gate["passed"]]
        assert gate["gate"] == "answered"
        [again] = await invite(survey, account, live, ana)
        assert again["status"] == "refused"
        survey.clock.advance(timedelta(days=90))
        assert await gate_of(survey, account, live, ana) is None

    async def test_counts_once_it_is_known_who_it_was(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        await set_survey_policy(survey, account, live, answered_days=90)
        body = response_to(live, customer={"external_id": "crm-9"})
        response_id = (await client.post("/v1/responses", json=body)).json()["id"]
        await understand(survey, account)
        ana = await know_customer(survey, account)
        assert await gate_of(survey, account, live, ana) is None
        found = CustomerIdentified(sighting_id=UUID(response_id), customer_id=ana)
        await survey.deliver(found, account=account, subject=ana)
        assert await gate_of(survey, account, live, ana) == "answered"

    async def test_what_had_not_left_takes_no_attention(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account, timezone="America/Los_Angeles")
        client = survey.client(account=account)
        live = await open_survey(client)
        await set_contact_policy(survey, account, **NIGHT)
        await invite(survey, account, live, ana)
        await client.post("/v1/responses", json=response_to(live, customer={"id": str(ana)}))
        await understand(survey, account)
        survey.clock.advance(timedelta(hours=20))
        await survey.run_timers()
        assert await survey.emitted(account, InvitationCreated) == []
        assert (await client.get("/v1/exposures", params={"customer_id": str(ana)})).json()["data"] == []

    async def test_an_older_or_a_partial_answer_or_anothers_leaves_it_open(
        self, survey: Harness, account: UUID
    ) -> None:
        client = survey.client(account=account)
        ana, bo = await know_customer(survey, account), await know_customer(survey, account, email="bo@example.com")
        live = await open_survey(client)
        await invite(survey, account, live, ana)
        before = (survey.clock.now() - timedelta(days=1)).isoformat()
        mine = {"id": str(ana)}
        await client.post("/v1/responses", json=response_to(live, "a", customer=mine, occurred_at=before))
        await client.post("/v1/responses", json=response_to(live, "b", customer=mine, completed=False))
        await client.post("/v1/responses", json=response_to(live, "c", customer={"id": str(bo)}))
        await understand(survey, account)
        assert [one["state"] for one in await listed(survey, account, live)] == ["open"]
