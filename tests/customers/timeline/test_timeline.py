"""What happened with one customer, as the other services told it."""

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from services.customers.timeline.entries import READINGS, TOLD_BY
from services.customers.timeline.handlers import record_all
from services.customers.timeline.models import TimelineRow
from services.customers.timeline.schemas import EntryKind
from shared.bus.events import decode_event
from shared.contracts.base import Payload
from shared.contracts.customers import SegmentMembershipChanged
from shared.contracts.feedback import FeedbackErased, FeedbackReceived, FeedbackUpdated
from shared.contracts.ratings import Rating
from shared.contracts.tickets import LoopAdvanced, Origin, TicketOpened, TicketResolved
from shared.ids import new_id
from shared.testing.harness import Harness

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SAMPLES = Path(__file__).parents[2] / "contracts" / "samples"


def feedback(
    customer_id: UUID | None, *, at: datetime = NOON, score: int = 2, text: str = "Too late."
) -> FeedbackReceived:
    return FeedbackReceived(
        feedback_id=new_id(),
        kind="response",
        channel="email",
        source="survey",
        survey_id=new_id(),
        survey_name="After delivery",
        response_id=new_id(),
        customer_id=customer_id,
        ticket_id=None,
        rating=Rating(scheme="nps", value=score, minimum=0, maximum=10, normalised=score * 10, band="negative"),
        text=text,
        language="en",
        sentiment=None,
        topics=(),
        touchpoint="delivery",
        journey_stage=None,
        dimensions={},
        completed=True,
        occurred_at=at,
        received_at=at,
    )


def ticket_opened(customer_id: UUID | None, *, at: datetime = NOON, number: int = 1) -> TicketOpened:
    return TicketOpened(
        ticket_id=new_id(),
        number=number,
        subject="Unhappy answer",
        priority="high",
        assignee_id=None,
        assignee_name=None,
        customer_id=customer_id,
        channel="email",
        origin=Origin(kind="rule", feedback_id=new_id(), rule_id=new_id(), request_id=new_id()),
        first_response_due_at=at + timedelta(hours=4),
        resolution_due_at=at + timedelta(days=2),
        opened_at=at,
    )


async def add_customer(customers: Harness, account: UUID) -> UUID:
    response = await customers.client(account=account).post("/v1/customers", json={"email": "ana@example.com"})
    return UUID(response.json()["id"])


async def timeline(client: httpx.AsyncClient, customer_id: UUID, **params: Any) -> list[dict[str, Any]]:
    response = await client.get(f"/v1/customers/{customer_id}/timeline", params=params)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["data"]
    return found


async def stored(customers: Harness, account: UUID) -> list[tuple[Any, ...]]:
    """What the account's timelines hold, without the events' ids."""
    columns = (TimelineRow.customer_id, TimelineRow.kind, TimelineRow.at, TimelineRow.detail)
    async with customers.work(account) as work:
        rows = await work.session.execute(select(*columns).order_by(*columns))
        return [tuple(row) for row in rows]


class TestReadingATimeline:
    async def test_needs_a_credential(self, customers: Harness) -> None:
        assert (await customers.anonymous().get(f"/v1/customers/{new_id()}/timeline")).status_code == 401

    async def test_of_another_account_finds_nobody(self, customers: Harness, account: UUID) -> None:
        ana = await add_customer(customers, account)
        await customers.deliver(feedback(ana), account=account)
        other = customers.client(account=new_id())
        assert (await other.get(f"/v1/customers/{ana}/timeline")).status_code == 404

    async def test_shows_the_newest_happening_first(self, customers: Harness, account: UUID) -> None:
        ana = await add_customer(customers, account)
        opened = ticket_opened(ana, at=NOON + timedelta(minutes=1))
        said = feedback(ana)
        resolved = TicketResolved(
            ticket_id=opened.ticket_id,
            number=1,
            subject="Unhappy answer",
            reason="Sent again",
            customer_id=ana,
            feedback_id=said.feedback_id,
            assignee_id=None,
            resolved_at=NOON + timedelta(hours=1),
            resolution_seconds=3540,
            reopened_before=0,
        )
        for payload in (resolved, opened, said):
            await customers.deliver(payload, account=account)
        found = await timeline(customers.client(account=account), ana)
        assert [entry["kind"] for entry in found] == ["ticket_resolved", "ticket_opened", "feedback"]
        assert found[0] == {
            "id": found[0]["id"],
            "at": "2026-03-01T13:00:00Z",
            "kind": "ticket_resolved",
            "ticket_id": str(opened.ticket_id),
            "number": 1,
            "reason": "Sent again",
            "resolution_seconds": 3540,
        }
        assert (found[2]["score"], found[2]["maximum"], found[2]["excerpt"]) == (2, 10, "Too late.")

    async def test_shows_what_was_heard_among_what_was_done(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        bought = {"kind": "purchase", "customer": {"email": "ana@example.com"}, "occurred_at": NOON.isoformat()}
        ana = UUID((await client.post("/v1/activities", json=bought)).json()["customer_id"])
        heard = [
            *(("survey", "heed", None), ("review", "google_business", None)),
            *(("message", "postmark", "Where is it?"), ("message", "chat", None)),
        ]
        for hours, (kind, source, title) in enumerate(heard, 1):
            said = feedback(ana, at=NOON + timedelta(hours=hours))
            told = said.model_copy(update={"kind": kind, "source": source, "title": title})
            await customers.deliver(told, account=account, subject=said.feedback_id)
        entries = (await client.get(f"/v1/customers/{ana}/timeline")).json()["data"]
        happened = [entry for entry in reversed(entries) if entry["kind"] in ("activity", "feedback")]
        assert [(each.get("said"), each["source"], each.get("title")) for each in happened] == [
            (None, "api", None),
            *heard,
        ]

    async def test_filters_by_kind(self, customers: Harness, account: UUID) -> None:
        ana = await add_customer(customers, account)
        for payload in (feedback(ana), ticket_opened(ana), ticket_opened(ana, number=2)):
            await customers.deliver(payload, account=account)
        client = customers.client(account=account)
        assert {entry["kind"] for entry in await timeline(client, ana, kind="ticket_opened")} == {"ticket_opened"}
        assert len(await timeline(client, ana, kind=["ticket_opened", "feedback"])) == 3
        response = await client.get(f"/v1/customers/{ana}/timeline", params={"kind": "gossip"})
        assert response.status_code == 422

    @pytest.mark.parametrize("limit", [1, 2, 5, 50])
    async def test_walks_through_all_of_it_whatever_the_page_size(
        self, customers: Harness, account: UUID, limit: int
    ) -> None:
        ana = await add_customer(customers, account)
        # Some happened at the same instant.
        payloads = [feedback(ana, at=NOON + timedelta(minutes=n // 3)) for n in range(11)]
        bodies = [customers.event(payload, account=account) for payload in payloads]
        await customers.deliver_raw(bodies)
        client, cursor, seen = customers.client(account=account), None, []
        while True:
            params = {"limit": limit} | ({"cursor": cursor} if cursor else {})
            page = (await client.get(f"/v1/customers/{ana}/timeline", params=params)).json()
            seen += page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert len({entry["id"] for entry in seen}) == len(seen) == 11
        assert [entry["at"] for entry in seen] == sorted((entry["at"] for entry in seen), reverse=True)

    async def test_shortens_long_texts(self, customers: Harness, account: UUID) -> None:
        ana = await add_customer(customers, account)
        await customers.deliver(feedback(ana, text="x" * 5000), account=account)
        [entry] = await timeline(customers.client(account=account), ana)
        assert len(entry["excerpt"]) == 300
        assert entry["excerpt"].endswith("…")


class TestEveryKindOfEvent:
    @pytest.mark.parametrize("payload", TOLD_BY, ids=lambda payload: payload.TYPE)
    async def test_reads_as_an_entry_of_its_own_kind(
        self, customers: Harness, account: UUID, payload: type[Payload]
    ) -> None:
        ana = await add_customer(customers, account)
        sample = json.loads((SAMPLES / f"{payload.TYPE}.json").read_text())["data"]
        about = {"entered": [str(ana)], "left": []} if "entered" in sample else {"customer_id": str(ana)}
        await customers.deliver(payload.read(sample | about | {"origin_customer_id": None}), account=account)
        [entry] = await timeline(customers.client(account=account), ana)
        assert entry["kind"] in set(EntryKind)

    def test_has_a_reading(self) -> None:
        told = {get_args(reading.entry.model_fields["kind"].annotation)[0] for reading in READINGS.values()}
        told |= {EntryKind.SEGMENT_ENTERED, EntryKind.SEGMENT_LEFT}
        assert told == set(EntryKind) - {EntryKind.ACTIVITY, EntryKind.CONSENT, EntryKind.NOTE}


class TestEvents:
    async def test_about_nobody_are_passed_over(self, customers: Harness, account: UUID) -> None:
        await customers.deliver(feedback(None), account=account)
        assert await stored(customers, account) == []

    async def test_may_come_before_their_customer(self, customers: Harness, account: UUID) -> None:
        customer_id = new_id()
        await customers.deliver(feedback(customer_id), account=account)
        assert [row[0] for row in await stored(customers, account)] == [customer_id]

    async def test_that_are_late_stand_where_they_happened(self, customers: Harness, account: UUID) -> None:
        ana = await add_customer(customers, account)
        await customers.deliver(ticket_opened(ana), account=account)
        await customers.deliver(feedback(ana, at=NOON - timedelta(days=30)), account=account)
        found = await timeline(customers.client(account=account), ana)
        assert [entry["kind"] for entry in found] == ["ticket_opened", "feedback"]

    async def test_about_a_deleted_customer_are_not_written_down(self, customers: Harness, account: UUID) -> None:
        ana = await add_customer(customers, account)
        await customers.deliver(feedback(ana), account=account)
        await customers.client(account=account).delete(f"/v1/customers/{ana}")
        await customers.deliver(feedback(ana), account=account)
        assert await stored(customers, account) == []

    async def test_three_times_in_any_order_leave_what_once_leaves(self, customers: Harness, account: UUID) -> None:
        customer_id, other_account = new_id(), new_id()
        said, opened = feedback(customer_id), ticket_opened(customer_id)
        advanced = LoopAdvanced(
            ticket_id=opened.ticket_id,
            feedback_id=said.feedback_id,
            customer_id=customer_id,
            stage="contacted",
            before=None,
            after=None,
        )
        payloads: Sequence[Payload] = [said, opened, advanced, *(feedback(customer_id, score=n) for n in range(10))]

        def bodies(tenant: UUID) -> list[bytes]:
            return [customers.event(payload, account=tenant) for payload in payloads]

        await customers.deliver_raw(bodies(account))
        again = bodies(other_account) * 3
        random.Random(7).shuffle(again)
        for start in range(0, len(again), 5):
            await customers.deliver_raw(again[start : start + 5])
        assert await stored(customers, account) == await stored(customers, other_account) != []

    async def test_are_kept_once_even_if_the_inbox_forgot_them(self, customers: Harness, account: UUID) -> None:
        event = decode_event(customers.event(feedback(new_id()), account=account))
        for _ in range(2):
            async with customers.work(account) as work:
                await record_all(work, [event])
        assert len(await stored(customers, account)) == 1


class TestWhatTheServiceKeepsItself:
    async def record(self, customers: Harness, account: UUID, ana: UUID, **changes: Any) -> dict[str, Any]:
        body = {"customer": {"id": str(ana)}, "kind": "purchase", "source": "shop", "source_id": "o-1"} | changes
        response = await customers.client(account=account).post("/v1/activities", json=body)
        assert response.status_code in (200, 201), response.text
        recorded: dict[str, Any] = response.json()
        return recorded

    async def test_stands_among_what_was_told(self, customers: Harness, account: UUID) -> None:
        ana, client = await add_customer(customers, account), customers.client(account=account)
        await customers.deliver(feedback(ana), account=account)
        price = {"amount": "12.50", "currency": "EUR"}
        before = (NOON - timedelta(hours=1)).isoformat()
        recorded = await self.record(customers, account, ana, occurred_at=before, amount=price)
        said = {"purpose": "marketing", "granted": True, "proof": {"source": "form"}, "effective_at": NOON.isoformat()}
        consent = (await client.post(f"/v1/customers/{ana}/consents", json=said)).json()
        found = await timeline(client, ana)
        assert sorted(entry["kind"] for entry in found[:2]) == ["consent", "feedback"]
        assert found[2]["kind"] == "activity"
        assert (found[2]["id"], found[2]["activity"], found[2]["amount"]) == (recorded["id"], "purchase", price)
        [stated] = await timeline(client, ana, kind="consent")
        assert (stated["id"], stated["purpose"], stated["granted"]) == (consent["id"], "marketing", True)

    async def test_shows_as_it_is_now(self, customers: Harness, account: UUID) -> None:
        ana, client = await add_customer(customers, account), customers.client(account=account)
        recorded = await self.record(customers, account, ana)
        await self.record(customers, account, ana, kind="refund", version=2)
        assert [entry["activity"] for entry in await timeline(client, ana)] == ["refund"]
        await client.delete(f"/v1/activities/{recorded['id']}")
        assert await timeline(client, ana) == []

    async def test_shows_when_it_has_happened(self, customers: Harness, account: UUID) -> None:
        ana, client = await add_customer(customers, account), customers.client(account=account)
        at = customers.clock.now() + timedelta(days=2)
        await self.record(customers, account, ana, kind="visit", occurred_at=at.isoformat())
        assert await timeline(client, ana) == []
        customers.clock.advance(timedelta(days=2))
        assert [entry["activity"] for entry in await timeline(client, ana)] == ["visit"]

    async def test_follows_a_merge(self, customers: Harness, account: UUID) -> None:
        ana, client = await add_customer(customers, account), customers.client(account=account)
        ben = UUID((await client.post("/v1/customers", json={"email": "ben@example.com"})).json()["id"])
        await self.record(customers, account, ben)
        await customers.deliver(feedback(ben), account=account)
        merged = await client.post(f"/v1/customers/{ana}/merge", json={"customer_id": str(ben), "keep": str(ana)})
        assert merged.status_code == 201, merged.text
        assert {entry["kind"] for entry in await timeline(client, ana)} == {"activity", "feedback"}
        assert {entry["kind"] for entry in await timeline(client, ben)} == {"activity", "feedback"}


class TestFilters:
    async def test_take_a_channel(self, customers: Harness, account: UUID) -> None:
        ana, client = await add_customer(customers, account), customers.client(account=account)
        await customers.deliver(feedback(ana), account=account)
        said = {"purpose": "surveys", "channel": "sms", "granted": False, "proof": {"source": "phone"}}
        await client.post(f"/v1/customers/{ana}/consents", json=said)
        for channel, kinds in (("email", ["feedback"]), ("sms", ["consent"]), ("fax", [])):
            assert [entry["kind"] for entry in await timeline(client, ana, channel=channel)] == kinds

    async def test_take_a_span_of_time(self, customers: Harness, account: UUID) -> None:
        ana, client = await add_customer(customers, account), customers.client(account=account)
        for hour in range(4):
            await customers.deliver(feedback(ana, at=NOON + timedelta(hours=hour), score=hour), account=account)
        span = {"from": (NOON + timedelta(hours=1)).isoformat(), "to": (NOON + timedelta(hours=3)).isoformat()}
        assert [entry["score"] for entry in await timeline(client, ana, **span)] == [2, 1]


class TestFeedbackThatChanges:
    async def test_is_one_entry_as_it_stands_whatever_comes_first(self, customers: Harness, account: UUID) -> None:
        ana, client = await add_customer(customers, account), customers.client(account=account)
        said = feedback(ana)
        changed = FeedbackUpdated(**(said.model_dump() | {"text": "Fine after all.", "reason": "changed"}))
        await customers.deliver(changed, account=account, subject=said.feedback_id, version=2)
        await customers.deliver(said, account=account, subject=said.feedback_id, version=1)
        [entry] = await timeline(client, ana)
        assert (entry["id"], entry["excerpt"]) == (str(said.feedback_id), "Fine after all.")

    async def test_and_is_erased_leaves_only_that_even_if_it_comes_late(
        self, customers: Harness, account: UUID
    ) -> None:
        ana, client = await add_customer(customers, account), customers.client(account=account)
        said = feedback(ana, text="My name is Ana and I live in Porto.")
        erased = FeedbackErased(
            feedback_id=said.feedback_id, response_id=said.response_id, survey_id=said.survey_id, customer_id=ana,
            reason="respondent", erased_at=NOON + timedelta(days=1),
        )  # fmt: skip
        for payload in (said, erased, said):
            await customers.deliver(payload, account=account, subject=said.feedback_id)
        [entry] = await timeline(client, ana)
        assert (entry["kind"], entry["reason"]) == ("feedback_erased", "respondent")
        assert "Porto" not in str(await stored(customers, account))


class TestSegments:
    async def test_that_somebody_comes_into_and_goes_out_of_are_told(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        condition = {"type": "attribute", "name": "plan", "op": "eq", "value": "gold"}
        assert (await client.post("/v1/segments", json={"name": "Gold", "condition": condition})).status_code == 201
        await customers.run_timers()
        ana = await add_customer(customers, account)
        for plan in ("gold", "silver"):
            changed = await client.patch(f"/v1/customers/{ana}", json={"attributes": {"plan": plan}})
            assert changed.status_code == 200
            customers.clock.advance(timedelta(minutes=1))
            for _ in range(2):
                await customers.deliver_raw([event.raw for event in await customers.emitted(account)])
        entries = await timeline(client, ana)
        assert [(entry["kind"], entry["segment_name"]) for entry in entries if "segment_id" in entry] == [
            ("segment_left", "Gold"),
            ("segment_entered", "Gold"),
        ]

    async def test_are_told_to_everybody_that_they_are_about(self, customers: Harness, account: UUID) -> None:
        ana, client = await add_customer(customers, account), customers.client(account=account)
        ben = UUID((await client.post("/v1/customers", json={"email": "ben@example.com"})).json()["id"])
        changed = SegmentMembershipChanged(segment_id=new_id(), segment_name="Regulars", entered=(ana,), left=(ben,))
        await customers.deliver(changed, account=account)
        for customer_id, kind in ((ana, "segment_entered"), (ben, "segment_left")):
            [entry] = await timeline(client, customer_id)
            assert (entry["kind"], entry["segment_name"]) == (kind, "Regulars")
