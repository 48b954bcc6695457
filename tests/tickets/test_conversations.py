"""What customers write finds its ticket, in whatever order, and nothing is lost."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.contracts.feedback import FeedbackReceived
from shared.contracts.tickets import CustomerWrote, TargetMissed, TicketOpened, TicketReopened, TicketReplied
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.builders import add_person, get, open_ticket, patch, post, requested


def wrote(at: datetime, **fields: Any) -> FeedbackReceived:
    values: dict[str, Any] = {
        "feedback_id": new_id(),
        "kind": "message",
        "channel": "email",
        "source": "postmark",
        "survey_id": None,
        "survey_name": None,
        "response_id": None,
        "customer_id": None,
        "ticket_id": None,
        "rating": None,
        "text": "It has still not come.",
        "language": None,
        "sentiment": None,
        "topics": (),
        "touchpoint": None,
        "journey_stage": None,
        "dimensions": {},
        "completed": True,
        "occurred_at": at,
        "received_at": at,
        "author_name": "Ana",
        "thread_id": new_id(),
    }
    return FeedbackReceived(**values | fields)


class Desk:
    """One account's tickets, and the bus between the service and itself."""

    def __init__(self, tickets: Harness, account: UUID) -> None:
        self.tickets, self.account = tickets, account
        self.client = tickets.client(account=account)

    async def hears(self, *said: FeedbackReceived) -> None:
        for each in said:
            await self.tickets.deliver(each, account=self.account, subject=each.feedback_id)

    async def opens_for(self, said: FeedbackReceived, **fields: Any) -> None:
        wanted = requested(feedback_id=said.feedback_id, thread_id=said.thread_id, customer_id=None, **fields)
        await self.tickets.deliver(wanted, account=self.account)
        await self.catches_up()

    async def catches_up(self) -> None:
        opened = await self.tickets.emitted(self.account, TicketOpened)
        await self.tickets.deliver_raw([event.raw for event in opened])

    async def all(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await get(self.client, "/v1/tickets"))["data"]
        return found

    async def texts(self, ticket_id: str) -> list[str]:
        return [each["text"] for each in (await get(self.client, f"/v1/tickets/{ticket_id}/messages"))["data"]]


@pytest.fixture
def desk(tickets: Harness, account: UUID) -> Desk:
    return Desk(tickets, account)


@pytest.fixture
def now(tickets: Harness) -> datetime:
    return tickets.clock.now()


class TestOneConversation:
    @pytest.mark.parametrize("order", ["message_first", "ticket_first"])
    async def test_the_first_message_opens_it_and_the_rest_follow(self, desk: Desk, now: datetime, order: str) -> None:
        first = wrote(now, text="First")
        second = wrote(now, text="Second", thread_id=first.thread_id)
        if order == "message_first":
            await desk.hears(first, second)
            await desk.opens_for(first)
        else:
            await desk.opens_for(first)
            await desk.hears(first, second)
        await desk.opens_for(second)
        await desk.hears(second)
        [ticket] = await desk.all()
        assert await desk.texts(ticket["id"]) == ["First", "Second"]
        [told] = await desk.tickets.emitted(desk.account, CustomerWrote)
        assert isinstance(told.data, CustomerWrote)
        assert told.data.feedback_id == second.feedback_id

    async def test_a_ticket_opened_by_hand_gets_what_was_said_before(self, desk: Desk, now: datetime) -> None:
        first = wrote(now, text="First")
        await desk.hears(first, wrote(now, text="Second", thread_id=first.thread_id))
        ticket = await open_ticket(desk.client, feedback_id=str(first.feedback_id))
        await desk.catches_up()
        assert await desk.texts(ticket["id"]) == ["First", "Second"]

    async def test_a_token_leads_to_its_ticket_and_the_conversation_stays_there(
        self, desk: Desk, now: datetime
    ) -> None:
        ticket = await open_ticket(desk.client)
        first = wrote(now, text="By token", ticket_id=UUID(ticket["id"]))
        await desk.hears(first, wrote(now, text="By thread", thread_id=first.thread_id))
        await desk.opens_for(first)
        assert await desk.texts(ticket["id"]) == ["By token", "By thread"]
        assert len(await desk.all()) == 1

    async def test_what_is_no_message_or_another_accounts_stays_out(self, desk: Desk, now: datetime) -> None:
        ticket = await open_ticket(desk.client)
        ticket_id = UUID(ticket["id"])
        await desk.hears(wrote(now, kind="review", ticket_id=ticket_id), wrote(now, thread_id=None))
        await desk.tickets.deliver(wrote(now, ticket_id=ticket_id), account=new_id())
        assert await desk.texts(ticket["id"]) == []

    async def test_an_answer_names_the_conversation(self, desk: Desk, now: datetime) -> None:
        first = wrote(now)
        await desk.hears(first)
        await desk.opens_for(first)
        [ticket] = await desk.all()
        await post(desk.client, f"/v1/tickets/{ticket['id']}/messages", 201, text="On its way.")
        [replied] = await desk.tickets.emitted(desk.account, TicketReplied)
        assert isinstance(replied.data, TicketReplied)
        assert replied.data.thread_id == first.thread_id
        [message, _] = (await get(desk.client, f"/v1/tickets/{ticket['id']}/messages"))["data"]
        assert (message["feedback_id"], message["author_name"]) == (str(first.feedback_id), "Ana")

    async def test_what_customers_write_names_who_watches(self, desk: Desk, now: datetime) -> None:
        ana = await add_person(desk.tickets, desk.account, "Ana")
        ticket = await open_ticket(desk.client)
        assert (await desk.client.put(f"/v1/tickets/{ticket['id']}/watchers/{ana}")).status_code == 204
        await desk.hears(wrote(now, ticket_id=UUID(ticket["id"])))
        [event] = await desk.tickets.emitted(desk.account, CustomerWrote)
        assert isinstance(event.data, CustomerWrote)
        assert (event.data.watcher_ids, event.data.subject) == ((ana,), ticket["subject"])


class TestReopening:
    async def ticket(self, desk: Desk, now: datetime) -> tuple[str, UUID]:
        first = wrote(now)
        await desk.hears(first)
        await desk.opens_for(first)
        [ticket] = await desk.all()
        assert first.thread_id is not None
        desk.tickets.clock.advance(timedelta(minutes=1))
        return ticket["id"], first.thread_id

    @pytest.mark.parametrize("states", [["pending"], ["resolved"], ["resolved", "closed"]])
    async def test_a_person_who_writes_again_opens_it(self, desk: Desk, now: datetime, states: list[str]) -> None:
        ticket_id, thread_id = await self.ticket(desk, now)
        for state in states:
            await patch(desk.client, f"/v1/tickets/{ticket_id}", state=state)
        later = desk.tickets.clock.advance(timedelta(minutes=1))
        await desk.hears(wrote(later, thread_id=thread_id, text="Not yet"))
        ticket = await get(desk.client, f"/v1/tickets/{ticket_id}")
        assert (ticket["state"], ticket["resolved_at"]) == ("open", None)
        assert (await desk.texts(ticket_id))[-1] == "Not yet"

    @pytest.mark.parametrize("fields", [{"automatic": "auto_reply"}, {"occurred_at": "before"}])
    async def test_a_machine_or_a_late_word_does_not_and_is_kept(
        self, desk: Desk, now: datetime, fields: dict[str, Any]
    ) -> None:
        ticket_id, thread_id = await self.ticket(desk, now)
        await post(desk.client, f"/v1/tickets/{ticket_id}/resolve")
        later = desk.tickets.clock.advance(timedelta(minutes=1))
        at = now if fields.pop("occurred_at", None) else later
        await desk.hears(wrote(at, thread_id=thread_id, text="Away until Monday", **fields))
        assert (await get(desk.client, f"/v1/tickets/{ticket_id}"))["state"] == "resolved"
        assert (await desk.texts(ticket_id))[-1] == "Away until Monday"

    async def test_only_so_often_in_an_hour(self, desk: Desk, now: datetime) -> None:
        ticket_id, thread_id = await self.ticket(desk, now)
        for _ in range(7):
            await post(desk.client, f"/v1/tickets/{ticket_id}/resolve")
            later = desk.tickets.clock.advance(timedelta(minutes=1))
            await desk.hears(wrote(later, thread_id=thread_id))
        assert len(await desk.tickets.emitted(desk.account, TicketReopened)) == 5
        assert len(await desk.texts(ticket_id)) == 8
        later = desk.tickets.clock.advance(timedelta(hours=1))
        await desk.hears(wrote(later, thread_id=thread_id))
        assert (await get(desk.client, f"/v1/tickets/{ticket_id}"))["state"] == "open"


class TestWaitingForAnAnswer:
    async def test_begins_when_the_customer_writes_and_ends_with_the_answer(
        self, tickets: Harness, account: UUID
    ) -> None:
        desk, now = Desk(tickets, account), tickets.clock.now()
        ticket = await open_ticket(desk.client)
        path = f"/v1/tickets/{ticket['id']}"
        [policy] = (await get(desk.client, "/v1/sla-policies"))["data"]
        for targets in policy["targets"].values():
            targets["next_response_seconds"] = 3_600
        body = {"name": "With answers", "targets": policy["targets"]}
        assert (await desk.client.put(f"/v1/sla-policies/{policy['id']}", json=body)).status_code == 200
        await post(desk.client, f"{path}/sla/reapply")
        await post(desk.client, f"{path}/messages", 201, text="Which colour was it?")
        assert (await get(desk.client, f"{path}/sla"))["next_response"] is None
        tickets.clock.advance(timedelta(minutes=10))
        # A machine's answer is not waited for, and what the customer adds is part of the same wait.
        for minutes, automatic in ((0, "auto_reply"), (0, None), (20, None)):
            tickets.clock.advance(timedelta(minutes=minutes))
            await desk.hears(wrote(now, ticket_id=ticket["id"], automatic=automatic))
        assert (await get(desk.client, f"{path}/sla"))["next_response"]["due_at"] == "2026-03-02T10:10:00Z"
        tickets.clock.advance(timedelta(hours=1))
        await tickets.run_timers()
        missed = [event.data for event in await tickets.emitted(account, TargetMissed)]
        assert [one.target for one in missed if isinstance(one, TargetMissed)] == ["next_response"]
        await post(desk.client, f"{path}/messages", 201, text="We shall send another one.")
        assert (await get(desk.client, f"{path}/sla"))["next_response"] is None
        [wait] = (await get(desk.client, f"{path}/sla/explain"))["next_responses"]
        assert (wait["standing"], wait["late_by"]) == ("missed", "PT20M")
