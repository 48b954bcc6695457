"""Answers to customers, and notes among colleagues."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.contracts.tickets import LoopAdvanced, TicketReplied
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.builders import add_person, get, open_ticket, patch, post, requested

SECRET = "She has a lawyer, be careful"


class TestWritingAMessage:
    async def test_needs_a_credential(self, tickets: Harness, account: UUID) -> None:
        ticket = await open_ticket(tickets.client(account=account))
        response = await tickets.anonymous().post(f"/v1/tickets/{ticket['id']}/messages", json={"text": "Hello"})
        assert response.status_code == 401

    async def test_to_another_accounts_ticket_finds_nothing(self, tickets: Harness, account: UUID) -> None:
        ticket = await open_ticket(tickets.client(account=account))
        other, path = tickets.client(account=new_id()), f"/v1/tickets/{ticket['id']}/messages"
        for internal in (True, False):
            assert (await other.post(path, json={"text": "Hello", "internal": internal})).status_code == 404
        assert (await get(tickets.client(account=account), path))["data"] == []

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({}, "/text"),
            ({"text": " \n"}, "/text"),
            ({"text": "x" * 20_001}, "/text"),
            ({"text": "x", "internal": "perhaps"}, "/internal"),
        ],
    )
    async def test_with_a_bad_field_names_it(
        self, tickets: Harness, account: UUID, body: dict[str, Any], pointer: str
    ) -> None:
        client = tickets.client(account=account)
        ticket = await open_ticket(client)
        response = await client.post(f"/v1/tickets/{ticket['id']}/messages", json=body)
        assert response.status_code == 422
        assert [problem["pointer"] for problem in response.json()["errors"]] == [pointer]

    async def test_is_signed_with_the_authors_name(self, tickets: Harness, account: UUID) -> None:
        ana = await add_person(tickets, account, "Ana")
        by_ana = tickets.client(account=account, actor=Actor(ActorKind.HUMAN, str(ana)))
        by_program = tickets.client(account=account, actor=Actor(ActorKind.PARTNER, "key-1"))
        path = f"/v1/tickets/{(await open_ticket(by_ana))['id']}/messages"
        assert (await post(by_ana, path, 201, text="Sorry!"))["author_name"] == "Ana"
        assert (await post(by_program, path, 201, text="Sorry!"))["author_name"] == "Support"

    async def test_to_a_closed_ticket_is_refused_unless_it_is_a_note(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}"
        await post(client, f"{path}/resolve")
        await patch(client, path, state="closed")
        response = await client.post(f"{path}/messages", json={"text": "One more thing"})
        assert (response.status_code, response.json()["code"]) == (409, "ticket_closed")
        await post(client, f"{path}/messages", 201, text="For the record", internal=True)


class TestReadingTheConversation:
    async def test_needs_a_credential(self, tickets: Harness, account: UUID) -> None:
        ticket = await open_ticket(tickets.client(account=account))
        assert (await tickets.anonymous().get(f"/v1/tickets/{ticket['id']}/messages")).status_code == 401

    async def test_of_another_account_finds_nothing(self, tickets: Harness, account: UUID) -> None:
        ticket = await open_ticket(tickets.client(account=account))
        other = tickets.client(account=new_id())
        assert (await other.get(f"/v1/tickets/{ticket['id']}/messages")).status_code == 404

    async def test_goes_from_the_oldest_to_the_newest(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}/messages"
        written = [await post(client, path, 201, text=f"{n}", internal=n == 1) for n in range(3)]
        first = await get(client, path, limit=2)
        rest = await get(client, path, limit=2, cursor=first["next_cursor"])
        assert first["data"] + rest["data"] == written


class TestTheFirstAnswer:
    async def test_meets_the_first_response_target(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}"
        tickets.clock.advance(timedelta(minutes=10))
        await post(client, f"{path}/messages", 201, text="We are sorry.")
        assert (await get(client, path))["first_responded_at"] == "2026-03-02T09:10:00Z"
        first = (await get(client, f"{path}/sla"))["first_response"]
        assert (first["standing"], first["elapsed"]) == ("met", "PT10M")
        tickets.clock.advance(timedelta(days=3))
        await post(client, f"{path}/messages", 201, text="Still sorry.")
        assert (await get(client, f"{path}/sla"))["first_response"] == first

    async def test_is_told_as_the_first(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}/messages"
        for text in ("One", "Two"):
            await post(client, path, 201, text=text)
        replies = [event.data for event in await tickets.emitted(account, TicketReplied)]
        assert [(r.text, r.first_response) for r in replies if isinstance(r, TicketReplied)] == [
            ("One", True),
            ("Two", False),
        ]

    async def test_says_that_the_customer_was_contacted(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await tickets.deliver(requested(), account=account)
        [ticket] = (await get(client, "/v1/tickets"))["data"]
        for text in ("One", "Two"):
            await post(client, f"/v1/tickets/{ticket['id']}/messages", 201, text=text)
        stages = [event.data for event in await tickets.emitted(account, LoopAdvanced)]
        assert [s.stage for s in stages if isinstance(s, LoopAdvanced)] == ["needs_follow_up", "contacted"]


class TestAnInternalNote:
    async def test_never_leaves_in_an_event(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}"
        await post(client, f"{path}/messages", 201, text=SECRET, internal=True)
        await post(client, f"{path}/messages", 201, text="We are sorry.")
        await post(client, f"{path}/resolve")
        events = await tickets.emitted(account)
        assert len(events) == 6
        assert all(SECRET.encode() not in event.raw for event in events)

    async def test_changes_nothing_of_the_ticket(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ticket = await open_ticket(client)
        path = f"/v1/tickets/{ticket['id']}"
        await post(client, f"{path}/messages", 201, text=SECRET, internal=True)
        assert await get(client, path) == ticket
        assert (await get(client, f"{path}/sla"))["first_response"]["standing"] == "running"
