"""Tickets that are opened at the same moment share a transaction, and nothing else."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services.tickets.cases.desk import open_together
from services.tickets.cases.opening import AlreadyFollowedUp, Author, Opened, Opening
from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.contracts.tickets import TicketOpened
from shared.http.errors import Unacceptable
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.builders import add_person, get

ANA = Actor(ActorKind.HUMAN, "ana")


def opening(tickets: Harness, account: UUID, **fields: Any) -> Opening:
    author = Author(
        account_id=account,
        actor=ANA,
        now=tickets.clock.now(),
        correlation_id=new_id(),
        causation_id=None,
        traceparent=None,
        work=None,
    )
    values: dict[str, Any] = {
        "ticket_id": new_id(),
        "subject": "The parcel came late",
        "description": "",
        "priority": "normal",
        "tags": [],
        "channel": "api",
        "origin_kind": "human",
        "assign": True,
    }
    return Opening(author=author, **values | fields)


async def together(tickets: Harness, *openings: Opening) -> list[Any]:
    connection = await asyncpg.connect(tickets.runtime.database.url)
    try:
        return list(await open_together(connection, openings))
    finally:
        await connection.close()


class TestOpeningTogether:
    async def test_gives_everybody_their_own_answer(self, tickets: Harness, account: UUID) -> None:
        feedback_id = new_id()
        results = await together(
            tickets,
            opening(tickets, account, feedback_id=feedback_id),
            opening(tickets, account, feedback_id=feedback_id),
            opening(tickets, account, assign=False, assignee_id=new_id()),
            opening(tickets, account, assign=False),
        )
        kinds = [type(result) for result in results]
        assert kinds == [Opened, AlreadyFollowedUp, Unacceptable, Opened]
        listed = (await get(tickets.client(account=account), "/v1/tickets"))["data"]
        assert {ticket["number"] for ticket in listed} == {results[0].number, results[3].number}
        assert len(await tickets.emitted(account, TicketOpened)) == 2

    async def test_keeps_accounts_apart(self, tickets: Harness, account: UUID) -> None:
        other, ana = new_id(), await add_person(tickets, account, "Ana")
        mine, theirs, wrong = await together(
            tickets,
            opening(tickets, account),
            opening(tickets, other),
            opening(tickets, other, assign=False, assignee_id=ana),
        )
        assert (mine.assignee_id, theirs.assignee_id) == (ana, None)
        assert isinstance(wrong, Unacceptable)
        for owner, number in ((account, mine.number), (other, theirs.number)):
            listed = (await get(tickets.client(account=owner), "/v1/tickets"))["data"]
            assert [ticket["number"] for ticket in listed] == [number]
            [event] = await tickets.emitted(owner, TicketOpened)
            assert event.account_id == owner

    async def test_spreads_the_work_over_the_people(self, tickets: Harness, account: UUID) -> None:
        people = {await add_person(tickets, account, name) for name in ("Ana", "Ben", "Cid")}
        results = await together(tickets, *(opening(tickets, account) for _ in range(9)))
        taken = [result.assignee_id for result in results]
        assert {person: taken.count(person) for person in people} == dict.fromkeys(people, 3)

    async def test_stores_nothing_if_any_of_it_cannot_be_stored(self, tickets: Harness, account: UUID) -> None:
        with pytest.raises(asyncpg.DataError):
            await together(tickets, opening(tickets, account), opening(tickets, new_id(), subject="a\x00b"))
        assert (await get(tickets.client(account=account), "/v1/tickets"))["data"] == []
        assert await tickets.emitted(account) == []
