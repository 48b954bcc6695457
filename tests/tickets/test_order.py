"""Events come several times and in any order; what is known in the end is the same."""

import random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from services.tickets.cases.models import Ticket
from services.tickets.contacts.models import Contact
from services.tickets.loops.models import Loop
from services.tickets.people.models import Person
from shared.contracts.customers import CustomerCreated, CustomerDeleted, CustomerProfile, CustomerUpdated
from shared.contracts.gateway import UserAdded, UserRemoved, UserUpdated
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.builders import requested

ANA, BEN, CUSTOMER, GONE = new_id(), new_id(), new_id(), new_id()
FEEDBACK = [new_id() for _ in range(3)]


def profile(name: str) -> CustomerProfile:
    return CustomerProfile(
        external_id=None, email=None, phone=None, name=name, locale=None, timezone=None, company=None
    )


def story(tickets: Harness, account: UUID) -> list[bytes]:
    """In the order it happened: people come, are promoted and leave, customers change, tickets are asked for."""

    def told(payload: Any, subject: UUID, version: int = 1) -> bytes:
        return tickets.event(payload, account=account, subject=subject, version=version)

    people = [
        told(UserAdded(user_id=ANA, name="Ana", email="ana@example.com", role="viewer"), ANA),
        told(UserUpdated(user_id=ANA, name="Ana Sousa", email="ana@example.com", role="analyst"), ANA, 2),
        told(UserAdded(user_id=BEN, name="Ben", email="ben@example.com", role="agent"), BEN),
        told(UserRemoved(user_id=BEN), BEN, 2),
    ]
    customers = [
        told(CustomerCreated(customer_id=CUSTOMER, profile=profile("Cleo")), CUSTOMER),
        told(CustomerUpdated(customer_id=CUSTOMER, profile=profile("Cleo Dias")), CUSTOMER, 2),
        told(CustomerCreated(customer_id=GONE, profile=profile("Gone")), GONE),
        told(CustomerDeleted(customer_id=GONE), GONE, 2),
    ]
    wanted = [told(requested(feedback_id=feedback, customer_id=CUSTOMER), new_id()) for feedback in FEEDBACK]
    again = told(requested(feedback_id=FEEDBACK[0], customer_id=CUSTOMER), new_id())
    return [*people, *customers, *wanted, again]


async def known(tickets: Harness, account: UUID) -> dict[str, Any]:
    """Everything but ids that are made on arrival, numbers, times, and who was there to get a ticket."""
    async with tickets.work(account) as work:
        people = await work.session.execute(select(Person.id, Person.name, Person.role, Person.active, Person.version))
        contacts = await work.session.execute(select(Contact.id, Contact.name, Contact.version))
        cases = await work.session.execute(
            select(Ticket.feedback_id, Ticket.customer_id, Ticket.priority, Ticket.version)
        )
        loops = await work.session.execute(select(Loop.feedback_id, Loop.stage, Loop.before))
        return {
            "people": {row.id: tuple(row) for row in people},
            "contacts": {row.id: tuple(row) for row in contacts},
            "tickets": sorted(map(str, cases)),
            "loops": sorted(map(str, loops)),
        }


class TestEvents:
    async def test_tell_this(self, tickets: Harness, account: UUID) -> None:
        await tickets.deliver_raw(story(tickets, account))
        found = await known(tickets, account)
        assert found["people"][ANA] == (ANA, "Ana Sousa", "analyst", True, 2)
        assert (found["people"][BEN][3], found["people"][BEN][4]) == (False, 2)
        assert found["contacts"] == {CUSTOMER: (CUSTOMER, "Cleo Dias", 2), GONE: (GONE, None, 2)}
        assert len(found["tickets"]) == len(found["loops"]) == 3

    @pytest.mark.parametrize("seed", range(6))
    async def test_tell_the_same_however_often_and_in_whatever_order_they_come(
        self, tickets: Harness, account: UUID, seed: int
    ) -> None:
        await tickets.deliver_raw(story(tickets, account))
        shuffled = new_id()
        chance = random.Random(seed)
        events = story(tickets, shuffled) * 3
        chance.shuffle(events)
        while events:
            size = chance.randint(1, 8)
            await tickets.deliver_raw(events[:size])
            events = events[size:]
        once, often = await known(tickets, account), await known(tickets, shuffled)
        # Whoever is gone before anybody heard of them has no name here.
        for found in (once, often):
            found["people"][BEN] = found["people"][BEN][3:]
        assert often == once
