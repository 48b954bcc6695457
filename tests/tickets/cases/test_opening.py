"""Opening tickets, by hand and because a rule asks for it."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from shared.contracts.gateway import AccountCreated, UserRemoved
from shared.contracts.tickets import LoopAdvanced, TicketOpened
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.builders import add_customer, add_person, get, open_ticket, patch, post, requested


class TestOpeningATicketByHand:
    async def test_needs_a_credential(self, tickets: Harness) -> None:
        assert (await tickets.anonymous().post("/v1/tickets", json={"subject": "x"})).status_code == 401

    async def test_is_invisible_to_the_other_account(self, tickets: Harness, account: UUID) -> None:
        ticket = await open_ticket(tickets.client(account=account))
        other = tickets.client(account=new_id())
        assert (await other.get("/v1/tickets")).json()["data"] == []
        assert (await other.get(f"/v1/tickets/{ticket['id']}")).status_code == 404

    async def test_needs_the_scope_to_write(self, tickets: Harness, account: UUID) -> None:
        reader = tickets.client("tickets:read", account=account)
        assert (await reader.post("/v1/tickets", json={"subject": "x"})).status_code == 403

    async def test_answers_201_with_the_whole_ticket(self, tickets: Harness, account: UUID) -> None:
        client, customer_id = tickets.client(account=account), str(await add_customer(tickets, account))
        response = await client.post(
            "/v1/tickets",
            json={
                "subject": "  The parcel came late ",
                "description": "Four days.",
                "priority": "urgent",
                "tags": ["late", "delivery", "late"],
                "customer_id": customer_id,
                "channel": "phone",
            },
        )
        assert response.status_code == 201
        assert response.headers["etag"] == '"1"'
        ticket = response.json()
        assert ticket["subject"] == "The parcel came late"
        assert ticket["tags"] == ["late", "delivery"]
        assert (ticket["number"], ticket["version"], ticket["state"]) == (1, 1, "new")
        assert ticket["origin"] == {"kind": "human", "feedback_id": None, "rule_id": None, "request_id": None}
        assert ticket["first_response_due_at"] == "2026-03-02T10:00:00Z"
        assert ticket["resolution_due_at"] == "2026-03-02T17:00:00Z"
        assert await get(client, f"/v1/tickets/{ticket['id']}") == ticket

    @pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "k"}])
    async def test_a_customer_of_another_account_is_refused(
        self, tickets: Harness, account: UUID, key: dict[str, str]
    ) -> None:
        theirs = await add_customer(tickets, new_id())
        client = tickets.client(account=account)
        refused = await client.post("/v1/tickets", json={"subject": "x", "customer_id": str(theirs)}, headers=key)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == "/customer_id"
        assert (await client.get("/v1/tickets")).json()["data"] == []

    async def test_a_customer_whose_news_is_still_on_its_way_is_waited_for(
        self, tickets: Harness, account: UUID
    ) -> None:
        customer_id = new_id()
        client = tickets.client(account=account)
        opening = asyncio.create_task(
            client.post("/v1/tickets", json={"subject": "x", "customer_id": str(customer_id)})
        )
        await asyncio.sleep(0)
        await add_customer(tickets, account, customer_id=customer_id)
        assert (await opening).status_code == 201

    async def test_tells_the_others(self, tickets: Harness, account: UUID) -> None:
        ticket = await open_ticket(tickets.client(account=account), priority="high")
        [event] = await tickets.emitted(account)
        assert isinstance(event.data, TicketOpened)
        assert (str(event.subject), event.aggregate_version) == (ticket["id"], 1)
        assert event.data.number == ticket["number"]
        assert event.data.origin.kind == "human"
        assert event.data.first_response_due_at.isoformat() == "2026-03-02T13:00:00+00:00"

    async def test_about_feedback_happens_once_while_the_ticket_lives(self, tickets: Harness, account: UUID) -> None:
        client, feedback_id = tickets.client(account=account), str(new_id())
        first = await open_ticket(client, feedback_id=feedback_id)
        again = await client.post("/v1/tickets", json={"subject": "Again", "feedback_id": feedback_id})
        assert (again.status_code, again.json()["code"]) == (409, "already_followed_up")
        await post(client, f"/v1/tickets/{first['id']}/resolve")
        await patch(client, f"/v1/tickets/{first['id']}", state="closed")
        await open_ticket(client, feedback_id=feedback_id)

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({}, "/subject"),
            ({"subject": "  "}, "/subject"),
            ({"subject": "x" * 301}, "/subject"),
            ({"subject": "a\x00b"}, "/subject"),
            ({"subject": "x", "priority": "yesterday"}, "/priority"),
            ({"subject": "x", "channel": "By Phone"}, "/channel"),
            ({"subject": "x", "tags": [""]}, "/tags/0"),
            ({"subject": "x", "tags": [f"t{n}" for n in range(21)]}, "/tags"),
            ({"subject": "x", "customer_id": "Ana"}, "/customer_id"),
            ({"subject": "x", "assignee_id": str(new_id())}, "/assignee_id"),
            ({"subject": "x", "colour": "red"}, "/colour"),
        ],
    )
    async def test_with_a_bad_field_names_it_and_stores_nothing(
        self, tickets: Harness, account: UUID, body: dict[str, Any], pointer: str
    ) -> None:
        client = tickets.client(account=account)
        response = await client.post("/v1/tickets", json=body)
        assert response.status_code == 422, response.text
        assert [problem["pointer"] for problem in response.json()["errors"]] == [pointer]
        assert (await get(client, "/v1/tickets"))["data"] == []
        assert await tickets.emitted(account) == []

    async def test_with_the_same_idempotency_key_opens_one(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        answers = [
            await client.post("/v1/tickets", json={"subject": "x"}, headers={"Idempotency-Key": "k"}) for _ in range(2)
        ]
        assert answers[0].json() == answers[1].json()
        assert len((await get(client, "/v1/tickets"))["data"]) == 1


class TestNumbers:
    async def test_run_from_one_in_each_account(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        assert [(await open_ticket(client))["number"] for _ in range(3)] == [1, 2, 3]
        assert (await open_ticket(tickets.client(account=new_id())))["number"] == 1

    async def test_are_never_given_twice_to_tickets_opened_together(self, tickets: Harness, account: UUID) -> None:
        client, other = tickets.client(account=account), tickets.client(account=new_id())
        opened = await asyncio.gather(*(open_ticket(who) for _ in range(15) for who in (client, other)))
        numbers = [ticket["number"] for ticket in opened]
        assert sorted(numbers) == sorted([*range(1, 16), *range(1, 16)])

    async def test_are_shared_with_tickets_that_rules_ask_for(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await open_ticket(client)
        await tickets.deliver(requested(), account=account)
        await open_ticket(client)
        listed = (await get(client, "/v1/tickets"))["data"]
        assert sorted(ticket["number"] for ticket in listed) == [1, 2, 3]


class TestATicketThatARuleAsksFor:
    async def test_is_opened_with_its_origin_and_its_loop(self, tickets: Harness, account: UUID) -> None:
        wanted = requested()
        await tickets.deliver(wanted, account=account)
        [ticket] = (await get(tickets.client(account=account), "/v1/tickets"))["data"]
        assert ticket["origin"] == {
            "kind": "rule",
            "feedback_id": str(wanted.feedback_id),
            "rule_id": str(wanted.rule_id),
            "request_id": str(wanted.request_id),
        }
        assert (ticket["priority"], ticket["channel"], ticket["tags"]) == ("high", "email", ["delivery"])
        opened, loop = await tickets.emitted(account)
        assert isinstance(opened.data, TicketOpened)
        assert isinstance(loop.data, LoopAdvanced)
        assert (loop.data.stage, loop.data.before) == ("needs_follow_up", 20)
        assert opened.causation_id is not None

    async def test_is_opened_once_however_often_the_request_comes(self, tickets: Harness, account: UUID) -> None:
        wanted = requested()
        await asyncio.gather(*(tickets.deliver(wanted, account=account) for _ in range(3)))
        assert len((await get(tickets.client(account=account), "/v1/tickets"))["data"]) == 1
        assert len(await tickets.emitted(account, TicketOpened)) == 1

    async def test_is_the_only_one_for_its_feedback(self, tickets: Harness, account: UUID) -> None:
        feedback_id = new_id()
        for _ in range(2):
            await tickets.deliver(requested(feedback_id=feedback_id), account=account)
        assert len((await get(tickets.client(account=account), "/v1/tickets"))["data"]) == 1

    async def test_is_not_reopened_nor_doubled_by_an_older_request(self, tickets: Harness, account: UUID) -> None:
        client, feedback_id = tickets.client(account=account), new_id()
        await tickets.deliver(requested(feedback_id=feedback_id), account=account)
        [ticket] = (await get(client, "/v1/tickets"))["data"]
        await post(client, f"/v1/tickets/{ticket['id']}/resolve")
        await patch(client, f"/v1/tickets/{ticket['id']}", state="closed")
        await tickets.deliver(requested(feedback_id=feedback_id), account=account)
        [ticket] = (await get(client, "/v1/tickets"))["data"]
        assert ticket["state"] == "closed"

    async def test_needs_no_feedback(self, tickets: Harness, account: UUID) -> None:
        for _ in range(2):
            await tickets.deliver(requested(feedback_id=None, customer_id=None), account=account)
        client = tickets.client(account=account)
        assert len((await get(client, "/v1/tickets"))["data"]) == 2
        assert (await get(client, "/v1/loops"))["data"] == []


class TestAssignment:
    async def test_goes_to_whoever_has_least_to_do(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ana, ben = await add_person(tickets, account, "Ana"), await add_person(tickets, account, "Ben", "owner")
        await open_ticket(client, assignee_id=str(ana))
        await open_ticket(client, assignee_id=str(ana))
        taken = [(await open_ticket(client))["assignee_name"] for _ in range(2)]
        assert taken == ["Ben", "Ben"]
        await tickets.deliver(requested(), account=account)
        loads = [ticket["assignee_id"] for ticket in (await get(client, "/v1/tickets"))["data"]]
        assert sorted((loads.count(str(ana)), loads.count(str(ben)))) == [2, 3]

    async def test_counts_only_what_is_still_to_be_done(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ana, ben = await add_person(tickets, account, "Ana"), await add_person(tickets, account, "Ben")
        for _ in range(2):
            done = await open_ticket(client, assignee_id=str(ana))
            await post(client, f"/v1/tickets/{done['id']}/resolve")
        await open_ticket(client, assignee_id=str(ben))
        assert (await open_ticket(client))["assignee_name"] == "Ana"

    async def test_passes_over_those_who_only_look_and_those_who_left(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await add_person(tickets, account, "Vera", "viewer")
        gone = await add_person(tickets, account, "Gus")
        await tickets.deliver(UserRemoved(user_id=gone), account=account, subject=gone, version=2)
        assert (await open_ticket(client))["assignee_id"] is None
        refused = await client.post("/v1/tickets", json={"subject": "x", "assignee_id": str(gone)})
        assert refused.status_code == 422

    async def test_can_be_declined(self, tickets: Harness, account: UUID) -> None:
        await add_person(tickets, account, "Ana")
        assert (await open_ticket(tickets.client(account=account), assignee_id=None))["assignee_id"] is None

    async def test_is_told_to_the_others_by_id_and_name(self, tickets: Harness, account: UUID) -> None:
        ana = await add_person(tickets, account, "Ana")
        await tickets.deliver(requested(), account=account)
        [opened] = await tickets.emitted(account, TicketOpened)
        assert isinstance(opened.data, TicketOpened)
        assert (opened.data.assignee_id, opened.data.assignee_name) == (ana, "Ana")


class TestANewAccount:
    async def test_gets_one_policy_however_often_it_is_announced(self, tickets: Harness, account: UUID) -> None:
        await open_ticket(tickets.client(account=account))
        for _ in range(2):
            created = AccountCreated(account_id=account, name="Shop", locale="en", timezone="UTC")
            await tickets.deliver(created, account=account, subject=account)
        [policy] = (await get(tickets.client(account=account), "/v1/sla-policies"))["data"]
        assert policy["is_default"]
        assert (await open_ticket(tickets.client(account=account)))["number"] == 2
