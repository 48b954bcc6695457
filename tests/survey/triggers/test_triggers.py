"""Asking by itself: after what somebody did, what they answered, or where they came to belong."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from services.survey.triggers.matching import first_moment, holds
from services.survey.triggers.schemas import Condition, Window
from shared.contracts.activities import ActivityAmount, ActivityDeleted, ActivityRecorded
from shared.contracts.customers import SegmentDeleted
from shared.contracts.survey import AskingChanged, InvitationCreated, InvitationRefused
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.survey.asking import invite, join
from tests.survey.building import know_customer, open_survey, response_to, understand

PURCHASE: dict[str, Any] = {"name": "After a purchase", "on": {"event": "activity", "kind": "purchase"}}
CALLS = (
    "POST {}/triggers",
    "GET {}/triggers",
    "GET {}/triggers/{}",
    "GET {}/triggers/{}/waiting",
    "PUT {}/triggers/{}",
    "DELETE {}/triggers/{}",
)


class TestAccess:
    @pytest.mark.parametrize("call", CALLS)
    async def test_needs_a_credential(self, survey: Harness, call: str) -> None:
        method, _, path = call.format(f"/v1/surveys/{new_id()}", new_id()).partition(" ")
        assert (await survey.anonymous().request(method, path, json={})).status_code == 401

    @pytest.mark.parametrize("call", CALLS)
    async def test_another_accounts_survey_is_not_there(self, survey: Harness, account: UUID, call: str) -> None:
        live = await open_survey(survey.client(account=account))
        trigger = await make(survey, account, live, PURCHASE)
        method, _, path = call.format(f"/v1/surveys/{live['id']}", trigger["id"]).partition(" ")
        assert (await survey.client(account=new_id()).request(method, path, json=PURCHASE)).status_code == 404

    async def test_changes_are_told_and_deleting_ends_it(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        trigger = await make(survey, account, live, PURCHASE)
        path = f"/v1/surveys/{live['id']}/triggers/{trigger['id']}"
        slower = await client.put(path, json=PURCHASE | {"delay_minutes": 60}, headers={"If-Match": '"1"'})
        assert (slower.status_code, slower.headers["ETag"]) == (200, '"2"')
        assert (await client.put(path, json=PURCHASE, headers={"If-Match": '"1"'})).status_code == 412
        assert (await client.delete(path)).status_code == 204
        assert (await client.get(path)).status_code == 404
        told = [event.data for event in await survey.emitted(account, AskingChanged)]
        changes = [(one.change, one.changed) for one in told if isinstance(one, AskingChanged)]
        assert [change for change, _ in changes] == ["created", "updated", "deleted"]
        assert changes[1][1] == ("delay_minutes",)


class TestReferences:
    @pytest.mark.parametrize(
        ("on", "pointer"),
        [
            ({"event": "answer", "survey_id": str(new_id())}, "/on/survey_id"),
            ({"event": "segment", "segment_id": str(new_id())}, "/on/segment_id"),
            ({"event": "answer", "lowest": 60, "highest": 40}, "/on/lowest"),
        ],
    )
    async def test_what_leads_nowhere_is_refused(
        self, survey: Harness, account: UUID, on: dict[str, Any], pointer: str
    ) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        path = f"/v1/surveys/{live['id']}/triggers"
        wanted = {"name": "x", "on": {"survey_id": live["id"]} | on if on["event"] == "answer" else on}
        made = await make(survey, account, live, PURCHASE)
        for answer in (await client.post(path, json=wanted), await client.put(f"{path}/{made['id']}", json=wanted)):
            assert answer.status_code == 422
            assert answer.json()["errors"][0]["pointer"] == pointer

    async def test_one_whose_segment_has_gone_can_be_switched_off(self, survey: Harness, account: UUID) -> None:
        client, segment = survey.client(account=account), new_id()
        live = await open_survey(client)
        wanted = {"name": "x", "on": {"event": "segment", "segment_id": str(segment)}}
        await join(survey, account, segment)
        made = await make(survey, account, live, wanted)
        await survey.deliver(SegmentDeleted(segment_id=segment), account=account, subject=segment, version=9)
        path = f"/v1/surveys/{live['id']}/triggers"
        assert (await client.post(path, json=wanted)).status_code == 422
        assert (await client.put(f"{path}/{made['id']}", json=wanted | {"enabled": False})).status_code == 200


class TestActivities:
    async def test_ask_after_the_delay_and_only_once(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        live = await open_survey(survey.client(account=account), cooldown_days=0)
        await make(survey, account, live, PURCHASE | {"delay_minutes": 120, "expires_in_days": 1})
        bought = purchase(survey, ana)
        for _ in range(2):
            await survey.deliver(bought, account=account, subject=bought.activity_id)
        survey.clock.advance(timedelta(minutes=119))
        await survey.run_timers()
        assert await asked(survey, account) == []
        survey.clock.advance(timedelta(minutes=1))
        await survey.run_timers()
        assert await asked(survey, account) == [ana]
        [event] = await survey.emitted(account, InvitationCreated)
        assert isinstance(event.data, InvitationCreated)
        assert event.data.cause == "trigger"

    async def test_are_listed_while_they_wait(self, survey: Harness, account: UUID) -> None:
        ana, ben = [await know_customer(survey, account, email=f"{name}@example.com") for name in ("ana", "ben")]
        client = survey.client(account=account)
        live = await open_survey(client)
        trigger = await make(survey, account, live, PURCHASE | {"delay_minutes": 120})
        await make(survey, account, live, PURCHASE | {"delay_minutes": 600})
        later = await do(survey, account, ben, occurred_at=survey.clock.now())
        sooner = await do(survey, account, ana, occurred_at=survey.clock.now() - timedelta(minutes=60))
        path = f"/v1/surveys/{live['id']}/triggers/{trigger['id']}/waiting"
        first = (await client.get(path, params={"limit": 1})).json()
        assert first["data"] == [
            {"customer_id": str(ana), "occasion": str(sooner.activity_id), "due_at": "2026-03-02T10:00:00Z"}
        ]
        rest = (await client.get(path, params={"cursor": first["next_cursor"]})).json()["data"]
        assert [(one["customer_id"], one["occasion"]) for one in rest] == [(str(ben), str(later.activity_id))]
        survey.clock.advance(timedelta(minutes=60))
        await survey.run_timers()
        assert [one["customer_id"] for one in (await client.get(path)).json()["data"]] == [str(ben)]

    async def test_only_those_that_fulfil_all_conditions(self, survey: Harness, account: UUID) -> None:
        people = [await know_customer(survey, account, email=f"c{n}@example.com") for n in range(4)]
        live = await open_survey(survey.client(account=account))
        conditions = [
            {"field": "amount", "test": "at_least", "value": 100},
            {"field": "properties.store", "test": "one_of", "value": ["Berlin", "Bonn"]},
        ]
        on = {"event": "activity", "kind": "purchase", "conditions": conditions}
        await make(survey, account, live, PURCHASE | {"on": on})
        for customer, amount, store in zip(
            people, ("99.99", "100", "100", "250"), ("Berlin", "Berlin", "Rome", "Bonn"), strict=True
        ):
            await do(survey, account, customer, amount=amount, properties={"store": store})
        await survey.run_timers()
        assert set(await asked(survey, account)) == {people[1], people[3]}

    async def test_what_is_long_past_asks_nobody(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        live = await open_survey(survey.client(account=account))
        await make(survey, account, live, PURCHASE)
        await do(survey, account, ana, occurred_at=survey.clock.now() - timedelta(days=8))
        await survey.run_timers()
        assert await asked(survey, account) == []

    async def test_what_did_not_happen_after_all_asks_nobody(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        live = await open_survey(survey.client(account=account))
        await make(survey, account, live, PURCHASE | {"delay_minutes": 60})
        bought = await do(survey, account, ana)
        undone = ActivityDeleted(
            activity_id=bought.activity_id,
            customer_id=ana,
            kind="purchase",
            name=None,
            occurred_at=bought.occurred_at,
        )
        await survey.deliver(undone, account=account, subject=bought.activity_id, version=2)
        survey.clock.advance(timedelta(hours=2))
        await survey.run_timers()
        assert await asked(survey, account) == []

    async def test_waits_for_somebody_whose_record_is_still_on_the_way(self, survey: Harness, account: UUID) -> None:
        ana = new_id()
        live = await open_survey(survey.client(account=account))
        await make(survey, account, live, PURCHASE)
        await do(survey, account, ana)
        await survey.run_timers()
        await know_customer(survey, account, customer_id=ana)
        survey.clock.advance(timedelta(minutes=1))
        await survey.run_timers()
        assert await asked(survey, account) == [ana]

    async def test_go_through_all_gates(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        live = await open_survey(survey.client(account=account))
        await make(survey, account, live, PURCHASE)
        await invite(survey, account, live, ana)
        await do(survey, account, ana)
        await survey.run_timers()
        [event] = await survey.emitted(account, InvitationRefused)
        assert isinstance(event.data, InvitationRefused)
        assert (event.data.gate, event.data.cause) == ("open_invitation", "trigger")


class TestLimits:
    async def test_a_share_of_the_occasions_is_drawn(self, survey: Harness, account: UUID) -> None:
        people = [await know_customer(survey, account, email=f"c{n}@example.com") for n in range(40)]
        live = await open_survey(survey.client(account=account))
        await make(survey, account, live, PURCHASE | {"sample_percent": "50"})
        for customer in people:
            await do(survey, account, customer)
        await survey.run_timers()
        count = len(await asked(survey, account))
        assert 8 < count < 32
        refused = [event.data for event in await survey.emitted(account, InvitationRefused)]
        assert [one.gate for one in refused if isinstance(one, InvitationRefused)] == ["not_drawn"] * (40 - count)

    async def test_a_weekly_cap_holds_and_says_when_there_is_room(self, survey: Harness, account: UUID) -> None:
        people = [await know_customer(survey, account, email=f"c{n}@example.com") for n in range(4)]
        live = await open_survey(survey.client(account=account))
        await make(survey, account, live, PURCHASE | {"weekly_cap": 2})
        started = survey.clock.now()
        for customer in people[:3]:
            await do(survey, account, customer)
            await survey.run_timers()
            survey.clock.advance(timedelta(days=1))
        assert await asked(survey, account) == people[:2]
        [event] = await survey.emitted(account, InvitationRefused)
        assert isinstance(event.data, InvitationRefused)
        assert (event.data.gate, event.data.next_eligible_at) == ("weekly_cap", started + timedelta(days=7))
        survey.clock.advance(timedelta(days=4))
        await do(survey, account, people[3])
        await survey.run_timers()
        assert await asked(survey, account) == [people[0], people[1], people[3]]

    async def test_a_window_is_in_the_customers_own_zone(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account, timezone="Asia/Tokyo")
        live = await open_survey(survey.client(account=account))
        window = {"start": "10:00", "end": "18:00"}
        await make(survey, account, live, PURCHASE | {"window": window})
        await do(survey, account, ana)  # Monday, 18:00 in Tokyo
        survey.clock.advance(datetime(2026, 3, 3, 0, 59, tzinfo=UTC) - survey.clock.now())
        await survey.run_timers()
        assert await asked(survey, account) == []
        survey.clock.advance(timedelta(minutes=1))
        await survey.run_timers()
        assert await asked(survey, account) == [ana]


class TestChains:
    async def test_one_survey_some_time_after_the_answer_to_another(self, survey: Harness, account: UUID) -> None:
        """Complaint: an effort survey 60 days after the NPS."""
        ana = await know_customer(survey, account)
        client = survey.client(account=account)
        nps, ces = await open_survey(client), await open_survey(client, kind="ces")
        on = {"event": "answer", "survey_id": nps["id"]}
        await make(survey, account, ces, {"name": "Then effort", "on": on, "delay_minutes": 60 * 24 * 60})
        answer = response_to(nps, customer={"id": str(ana)}, completed=True)
        assert (await client.post("/v1/responses", json=answer)).status_code == 201
        await understand(survey, account)
        await survey.deliver_raw([event.raw for event in await survey.emitted(account)])
        survey.clock.advance(timedelta(days=59))
        await survey.run_timers()
        assert await asked(survey, account) == []
        survey.clock.advance(timedelta(days=1))
        await survey.run_timers()
        [event] = await survey.emitted(account, InvitationCreated)
        assert isinstance(event.data, InvitationCreated)
        assert (str(event.data.survey_id), event.data.customer_id, event.data.cause) == (ces["id"], ana, "chain")

    async def test_who_comes_into_a_segment(self, survey: Harness, account: UUID) -> None:
        segment, ana = new_id(), await know_customer(survey, account)
        live = await open_survey(survey.client(account=account))
        on = {"event": "segment", "segment_id": str(segment)}
        await join(survey, account, segment)
        await make(survey, account, live, {"name": "Welcome", "on": on})
        await join(survey, account, segment, ana, version=2)
        await survey.run_timers()
        assert await asked(survey, account) == [ana]


class TestConditions:
    @pytest.mark.parametrize(
        ("test", "value", "found", "expected"),
        [
            ("is", "gold", "gold", True),
            ("is", "gold", "Gold", False),
            ("is", 3, "3", True),
            ("is", True, 1, False),
            ("is_not", "gold", None, True),
            ("is", "gold", None, False),
            ("above", 10, "10.01", True),
            ("above", 10, 10, False),
            ("at_most", 10, Decimal(10), True),
            ("below", 10, "many", False),
            ("below", 10, float("nan"), False),
            ("present", None, 0, True),
            ("present", None, None, False),
            ("one_of", ["a", "b"], "b", True),
            ("one_of", ["a", "b"], ["b"], False),
        ],
    )
    def test_hold_or_do_not(self, test: Any, value: Any, found: Any, expected: bool) -> None:
        assert holds(Condition(field="properties.x", test=test, value=value), found) is expected

    def test_a_window_skips_the_weekend(self) -> None:
        window = Window.model_validate({"start": "09:00", "end": "17:00"})
        friday_evening = datetime(2026, 3, 6, 17, 0, tzinfo=UTC)
        assert first_moment(friday_evening, window, UTC) == datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
        within = datetime(2026, 3, 6, 16, 59, tzinfo=UTC)
        assert first_moment(within, window, UTC) == within


class TestRefusing:
    @pytest.mark.parametrize(
        "fields",
        [
            {"on": {"event": "moon"}},
            {"delay_minutes": -1},
            {"weekly_cap": 0},
            {"window": {"start": "18:00", "end": "09:00"}},
            {"on": PURCHASE["on"] | {"conditions": [{"field": "amount", "test": "above", "value": "much"}]}},
            {"on": PURCHASE["on"] | {"conditions": [{"field": "amount", "test": "one_of", "value": 3}]}},
            {"on": PURCHASE["on"] | {"conditions": [{"field": "colour", "test": "is", "value": 3}]}},
        ],
    )
    async def test_what_makes_no_sense(self, survey: Harness, account: UUID, fields: dict[str, Any]) -> None:
        live = await open_survey(survey.client(account=account))
        answer = await survey.client(account=account).post(f"/v1/surveys/{live['id']}/triggers", json=PURCHASE | fields)
        assert answer.status_code == 422
        assert answer.json()["errors"]


async def make(survey: Harness, account: UUID, live: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    answer = await survey.client(account=account).post(f"/v1/surveys/{live['id']}/triggers", json=body)
    assert answer.status_code == 201, answer.text
    trigger: dict[str, Any] = answer.json()
    return trigger


def purchase(survey: Harness, customer: UUID, **fields: Any) -> ActivityRecorded:
    done: dict[str, Any] = {
        "activity_id": new_id(),
        "customer_id": customer,
        "origin_customer_id": customer,
        "kind": "purchase",
        "name": None,
        "occurred_at": survey.clock.now(),
        "received_at": survey.clock.now(),
        "amount": ActivityAmount(amount=Decimal(fields.pop("amount", "20")), currency="EUR"),
        "touchpoint": None,
        "properties": {},
        "source": "till",
        "source_id": str(new_id()),
    }
    return ActivityRecorded(**(done | fields))


async def do(survey: Harness, account: UUID, customer: UUID, **fields: Any) -> ActivityRecorded:
    done = purchase(survey, customer, **fields)
    await survey.deliver(done, account=account, subject=done.activity_id)
    return done


async def asked(survey: Harness, account: UUID) -> list[UUID]:
    events = [event.data for event in await survey.emitted(account, InvitationCreated)]
    return [one.customer_id for one in events if isinstance(one, InvitationCreated)]
