"""Complaint 39: merging and splitting. Complaint 24: a merged ticket does not escalate."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.contracts.feedback import FeedbackReceived
from shared.contracts.tickets import CustomerWrote, LoopAdvanced, TargetMissed, TicketOpened, TicketUpdated
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.builders import add_customer, add_person, answered, get, open_ticket, patch, post, requested


async def opened(client: httpx.AsyncClient, count: int, **fields: Any) -> list[dict[str, Any]]:
    return [await open_ticket(client, **fields) for _ in range(count)]


async def merge(client: httpx.AsyncClient, into: dict[str, Any], *those: dict[str, Any]) -> httpx.Response:
    ids = [each["id"] for each in those]
    return await client.post(f"/v1/tickets/{into['id']}/merge", json={"ticket_ids": ids, "reason": "The same parcel"})


async def texts(client: httpx.AsyncClient, ticket: dict[str, Any]) -> list[str]:
    return [said["text"] for said in (await get(client, f"/v1/tickets/{ticket['id']}/messages"))["data"]]


def message(thread_id: UUID, text: str, at: Any) -> FeedbackReceived:
    values = {"kind": "message", "channel": "email", "thread_id": thread_id, "ticket_id": None, "text": text}
    return answered(new_id(), at, score=None).model_copy(update=values)


class TestMerging:
    async def test_needs_a_credential(self, tickets: Harness, account: UUID) -> None:
        one, two = await opened(tickets.client(account=account), 2)
        assert (await merge(tickets.anonymous(), one, two)).status_code == 401

    async def test_of_another_accounts_tickets_is_refused(self, tickets: Harness, account: UUID) -> None:
        client, other = tickets.client(account=account), tickets.client(account=new_id())
        [mine], [theirs] = await opened(client, 1), await opened(other, 1)
        assert (await merge(other, mine, theirs)).status_code == 404
        assert (await merge(client, mine, theirs)).json()["errors"][0]["code"] == "unknown_ticket"
        assert (await get(other, f"/v1/tickets/{theirs['id']}")) == theirs

    async def test_brings_everything_along(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        into = await open_ticket(client, tags=["late"])
        ana = str(await add_person(tickets, account, "Ana"))
        source = await open_ticket(client, description="The corner was open.", tags=["broken"], assignee_id=None)
        path = f"/v1/tickets/{source['id']}"
        await post(client, f"{path}/messages", 201, text="We look into it.")
        await client.put(f"{path}/watchers/{ana}")
        merged = (await merge(client, into, source)).json()
        assert merged["tags"] == ["late", "broken"]
        said = await texts(client, into)
        assert said[0] == "We look into it."
        assert said[1].startswith("#2 “The parcel came late” was merged into this ticket.")
        assert said[1].endswith("The corner was open.")
        assert [each["user_id"] for each in (await get(client, f"/v1/tickets/{into['id']}/watchers"))["data"]] == [ana]
        gone = await get(client, path)
        assert (gone["state"], gone["merged_into_id"]) == ("merged", into["id"])
        last = (await get(client, f"{path}/history"))["data"][-1]
        assert (last["action"], last["reason"]) == ("merged", "The same parcel")
        assert last["changes"] == {"state": ["open", "merged"], "merged_into_id": [None, into["id"]]}
        mine = (await get(client, f"/v1/tickets/{into['id']}/history"))["data"][-1]
        assert mine["changes"] == {"merged": [None, ["#2"]]}
        events = [event.data for event in await tickets.emitted(account, TicketUpdated)]
        told = [event for event in events if isinstance(event, TicketUpdated) and event.state == "merged"]
        assert [event.merged_into_id for event in told] == [UUID(into["id"])]

    async def test_stops_the_clocks_of_what_is_merged(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        into, source = await opened(client, 2, priority="urgent")
        await merge(client, into, source)
        tickets.clock.advance(timedelta(days=30))
        await tickets.run_timers()
        missed = [event.data for event in await tickets.emitted(account, TargetMissed)]
        assert {event.number for event in missed if isinstance(event, TargetMissed)} == {1}
        gone = await get(client, f"/v1/tickets/{source['id']}")
        assert (gone["first_response_due_at"], gone["resolution_due_at"]) == (None, None)
        standing = await get(client, f"/v1/tickets/{source['id']}/sla")
        assert [standing[each]["standing"] for each in ("first_response", "resolution")] == ["stopped", "stopped"]

    async def test_ends_what_can_be_done_with_it(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        into, source = await opened(client, 2)
        await merge(client, into, source)
        path = f"/v1/tickets/{source['id']}"
        for answer in (
            await client.patch(path, json={"subject": "x"}),
            await client.post(f"{path}/resolve"),
            await client.post(f"{path}/reopen", json={"reason": "x"}),
            await client.post(f"{path}/messages", json={"text": "x"}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (409, "ticket_merged")

    async def test_in_circles_is_refused(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        one, two, three = await opened(client, 3)
        assert (await merge(client, one, one)).status_code == 422
        await merge(client, two, one)
        assert (await merge(client, one, two)).json()["code"] == "merge_cycle"
        await merge(client, three, two)
        assert (await merge(client, one, three)).json()["code"] == "merge_cycle"
        assert (await merge(client, three, one)).json()["code"] == "ticket_merged"

    async def test_both_ways_at_once_leaves_one(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        one, two = await opened(client, 2)
        answers = await asyncio.gather(merge(client, one, two), merge(client, two, one))
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        states = [(await get(client, f"/v1/tickets/{each['id']}"))["state"] for each in (one, two)]
        assert sorted(states) == ["merged", "new"]

    async def test_of_different_customers_is_refused(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ana, ben = [str(await add_customer(tickets, account, name)) for name in ("Ana", "Ben")]
        of_ana, of_ben, of_nobody = [await open_ticket(client, customer_id=each) for each in (ana, ben, None)]
        assert (await merge(client, of_ana, of_ben)).json()["code"] == "other_customer"
        assert (await merge(client, of_nobody, of_ana, of_ben)).json()["code"] == "other_customer"
        assert (await merge(client, of_nobody, of_ana)).json()["customer_id"] == ana

    async def test_into_what_is_closed_is_refused(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        into, source = await opened(client, 2)
        await post(client, f"/v1/tickets/{into['id']}/resolve")
        await patch(client, f"/v1/tickets/{into['id']}", state="closed")
        assert (await merge(client, into, source)).json()["code"] == "ticket_closed"
        assert (await merge(client, source, into)).status_code == 200

    async def test_carries_later_replies_to_the_end(self, tickets: Harness, account: UUID) -> None:
        client, thread_id = tickets.client(account=account), new_id()
        await tickets.deliver(requested(thread_id=thread_id, customer_id=None), account=account)
        [source] = (await get(client, "/v1/tickets"))["data"]
        one, two = await opened(client, 2)
        await merge(client, one, source)
        await merge(client, two, one)
        assert (await get(client, f"/v1/tickets/{source['id']}"))["merged_into_id"] == two["id"]
        by_thread = message(thread_id, "It has still not come.", tickets.clock.now())
        by_token = message(thread_id, "Hello?", tickets.clock.now()).model_copy(
            update={"ticket_id": UUID(source["id"])}
        )
        for wrote in (by_thread, by_token):
            await tickets.deliver(wrote, account=account)
        assert {"It has still not come.", "Hello?"} <= set(await texts(client, two))
        told = [event.data for event in await tickets.emitted(account, CustomerWrote)]
        assert {each.ticket_id for each in told if isinstance(each, CustomerWrote)} == {UUID(two["id"])}
        assert len(await tickets.emitted(account, TicketOpened)) == 3

    async def test_closes_the_loops_of_what_is_merged(self, tickets: Harness, account: UUID) -> None:
        client, feedback_id = tickets.client(account=account), new_id()
        source = await open_ticket(client, feedback_id=str(feedback_id))
        into = await open_ticket(client)
        await merge(client, into, source)
        await post(client, f"/v1/tickets/{into['id']}/resolve")
        stages = [event.data for event in await tickets.emitted(account, LoopAdvanced)]
        told = [(each.feedback_id, each.stage) for each in stages if isinstance(each, LoopAdvanced)]
        assert told == [(feedback_id, "needs_follow_up"), (feedback_id, "fixed")]


class TestSplitting:
    async def test_needs_a_credential(self, tickets: Harness, account: UUID) -> None:
        [ticket] = await opened(tickets.client(account=account), 1)
        body = {"message_ids": [str(new_id())], "subject": "x"}
        assert (await tickets.anonymous().post(f"/v1/tickets/{ticket['id']}/split", json=body)).status_code == 401
        other = tickets.client(account=new_id())
        assert (await other.post(f"/v1/tickets/{ticket['id']}/split", json=body)).status_code == 404

    async def test_moves_messages_into_a_ticket_of_their_own(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        customer = str(await add_customer(tickets, account))
        ticket = await open_ticket(client, customer_id=customer, priority="high", tags=["late"])
        path = f"/v1/tickets/{ticket['id']}"
        await post(client, f"{path}/messages", 201, text="About the parcel.")
        lamp = await post(client, f"{path}/messages", 201, text="And the lamp?", internal=True)
        made = await post(client, f"{path}/split", 201, message_ids=[lamp["id"]], subject="The lamp")
        assert (made["subject"], made["customer_id"], made["priority"]) == ("The lamp", customer, "high")
        assert (made["number"], made["tags"]) == (2, ["late"])
        assert await texts(client, ticket) == ["About the parcel."]
        assert await texts(client, made) == ["And the lamp?"]
        [link] = (await get(client, f"{path}/links"))["data"]
        assert (link["number"], link["relation"]) == (2, "split_into")
        assert (await get(client, f"{path}/history"))["data"][-1]["changes"] == {"split": [None, "#2"]}

    async def test_refuses_messages_of_others(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        one, two = await opened(client, 2)
        theirs = await post(client, f"/v1/tickets/{two['id']}/messages", 201, text="x", internal=True)
        for message_id in (theirs["id"], str(new_id())):
            body = {"message_ids": [message_id], "subject": "x"}
            refused = await client.post(f"/v1/tickets/{one['id']}/split", json=body)
            assert refused.json()["errors"] == [
                {"pointer": "/message_ids/0", "code": "unknown_message", "detail": "is no message of this ticket"}
            ]

    @pytest.mark.parametrize("body", [{"message_ids": []}, {"subject": " "}])
    async def test_of_nothing_is_refused(self, tickets: Harness, account: UUID, body: dict[str, Any]) -> None:
        client = tickets.client(account=account)
        [ticket] = await opened(client, 1)
        wanted = {"message_ids": [str(new_id())], "subject": "x"} | body
        assert (await client.post(f"/v1/tickets/{ticket['id']}/split", json=wanted)).status_code == 422
