"""What is done again and again: kept under a name, shown before it is done, and done to each ticket wholly or not."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.contracts.customers import CustomerCreated
from shared.contracts.gateway import AccountCreated
from shared.contracts.tickets import MacroApplied, TicketReplied
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.profiles import profile_of
from tests.tickets.builders import add_person, get, make_team, open_ticket, patch, post

PATH = "/v1/macros"


def of(tickets: Harness, account: UUID, person: UUID) -> httpx.AsyncClient:
    return tickets.client(account=account, actor=Actor(ActorKind.HUMAN, str(person)))


async def keep(client: httpx.AsyncClient, name: str = "Refund", *, shared: bool = False, **actions: Any) -> str:
    made = await post(client, PATH, 201, name=name, shared=shared, actions=actions)
    return str(made["id"])


async def apply(client: httpx.AsyncClient, macro: str, *tickets: dict[str, Any], **fields: Any) -> list[dict[str, Any]]:
    body = {"ticket_ids": [ticket["id"] for ticket in tickets]} | fields
    items: list[dict[str, Any]] = (await post(client, f"{PATH}/{macro}/apply", **body))["data"]
    return items


async def meet(tickets: Harness, account: UUID, **known: Any) -> str:
    customer_id = new_id()
    told = CustomerCreated(customer_id=customer_id, profile=profile_of(**known))
    await tickets.deliver(told, account=account, subject=customer_id)
    return str(customer_id)


async def said(client: httpx.AsyncClient, ticket: dict[str, Any]) -> list[tuple[str, bool]]:
    messages = (await get(client, f"/v1/tickets/{ticket['id']}/messages"))["data"]
    return [(message["text"], message["internal"]) for message in messages]


class TestMacros:
    async def test_need_a_credential(self, tickets: Harness, account: UUID) -> None:
        macro = await keep(tickets.client(account=account), note="x")
        anonymous = tickets.anonymous()
        for path in (PATH, f"{PATH}/{macro}"):
            assert (await anonymous.get(path)).status_code == 401
        for path in (PATH, f"{PATH}/{macro}/apply", f"{PATH}/{macro}/preview"):
            assert (await anonymous.post(path, json={})).status_code == 401

    async def test_of_another_account_are_not_found(self, tickets: Harness, account: UUID) -> None:
        client, other = tickets.client(account=account), tickets.client(account=new_id())
        macro, theirs = await keep(client, shared=True, note="x"), await open_ticket(other)
        for response in (
            await other.get(f"{PATH}/{macro}"),
            await other.patch(f"{PATH}/{macro}", json={"name": "x"}),
            await other.delete(f"{PATH}/{macro}"),
            await other.post(f"{PATH}/{macro}/apply", json={"ticket_ids": [theirs["id"]]}),
            await other.post(f"{PATH}/{macro}/preview", json={"ticket_id": theirs["id"]}),
        ):
            assert response.status_code == 404
        [item] = await apply(client, macro, theirs)
        assert item["problem"]["status"] == 404

    async def test_are_ones_own_until_they_are_shared(self, tickets: Harness, account: UUID) -> None:
        ana, ben = [of(tickets, account, await add_person(tickets, account, name)) for name in ("Ana", "Ben")]
        mine, ours = await keep(ana, note="mine"), await keep(ana, name="Ours", shared=True, note="ours")
        assert [macro["id"] for macro in (await get(ben, PATH))["data"]] == [ours]
        assert (await ben.get(f"{PATH}/{mine}")).status_code == 404
        await patch(ana, f"{PATH}/{mine}", shared=True)
        assert (await get(ben, f"{PATH}/{mine}"))["name"] == "Refund"
        stale = await ben.patch(f"{PATH}/{mine}", json={"name": "x"}, headers={"If-Match": '"1"'})
        assert stale.status_code == 412
        assert (await ben.delete(f"{PATH}/{mine}")).status_code == 204

    @pytest.mark.parametrize(
        ("actions", "pointer", "code"),
        [
            ({"reply": "{{ customer.nickname }}"}, "/actions/reply", "unknown_variable"),
            ({"note": "{{ secret }}"}, "/actions/note", "unknown_variable"),
            ({"reply": "{{ ticket.subject.__class__ }}"}, "/actions/reply", "unknown_variable"),
            ({"reply": "{% for x in ticket.subject %}{% endfor %}{{ 7 * 7 }}"}, "/actions/reply", "not_allowed"),
            ({"reply": "{{ customer.name"}, "/actions/reply", "syntax"),
        ],
    )
    async def test_with_texts_that_could_not_be_filled_in_are_refused(
        self, tickets: Harness, account: UUID, actions: dict[str, Any], pointer: str, code: str
    ) -> None:
        response = await tickets.client(account=account).post(PATH, json={"name": "x", "actions": actions})
        assert response.status_code == 422
        assert [(one["pointer"], one["code"]) for one in response.json()["errors"]] == [(pointer, code)]

    @pytest.mark.parametrize(
        "actions",
        [
            {},
            {"reason": "Because"},
            {"changes": {"customer_id": str(new_id())}},
            {"changes": {"tags": ["a"]}, "add_tags": ["b"]},
            {"changes": {"assignee_id": None}, "assign_to_me": True},
            {"reply": ""},
            {"snooze_seconds": 5},
        ],
    )
    async def test_that_make_no_sense_are_refused(
        self, tickets: Harness, account: UUID, actions: dict[str, Any]
    ) -> None:
        response = await tickets.client(account=account).post(PATH, json={"name": "x", "actions": actions})
        assert response.status_code == 422


class TestApplying:
    async def test_replies_notes_and_changes_in_one_go(self, tickets: Harness, account: UUID) -> None:
        """Macros with replies and variables, which Zammad's do not have."""
        opened = AccountCreated(account_id=account, name="Corner Bakery", locale="en", timezone="UTC")
        await tickets.deliver(opened, account=account, subject=account)
        ana = await add_person(tickets, account, "Ana Sousa")
        client = of(tickets, account, ana)
        await post(client, "/v1/ticket-fields", 201, key="order", kind="text")
        team = await make_team(client, ana)
        customer = await meet(tickets, account, name="Maria Silva", attributes={"plan": "gold"})
        ticket = await open_ticket(client, customer_id=customer, fields={"order": "1017"}, tags=["late"])
        macro = await keep(
            client,
            reply="Dear {{ customer.first_name }}, order {{ ticket.fields.order }} is refunded.\n{{ agent.name }}, "
            "{{ business.name }}",
            note="{% if customer.attributes.plan == 'gold' %}Gold: send flowers{% else %}-{% endif %}",
            changes={"priority": "low", "state": "pending", "team_id": team},
            add_tags=["refund"],
            remove_tags=["late"],
            assign_to_me=True,
            snooze_seconds=86_400,
        )
        [item] = await apply(client, macro, ticket)
        assert item["problem"] is None
        after = await get(client, f"/v1/tickets/{ticket['id']}")
        assert (after["priority"], after["state"], after["tags"]) == ("low", "pending", ["refund"])
        assert (after["team_id"], after["assignee_id"]) == (team, str(ana))
        assert after["snoozed_until"] is not None
        assert await said(client, ticket) == [
            ("Dear Maria, order 1017 is refunded.\nAna Sousa, Corner Bakery", False),
            ("Gold: send flowers", True),
        ]
        [event] = await tickets.emitted(account, MacroApplied)
        assert isinstance(event.data, MacroApplied)
        assert (event.data.name, event.data.applied_by, str(event.data.customer_id)) == ("Refund", ana, customer)

    async def test_sends_nothing_with_a_gap_in_it(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        macro = await keep(
            client,
            reply="Dear {{ customer.first_name }} {{ customer.attributes.title }}, {{ ticket.fields.order | upper }}",
            changes={"priority": "urgent"},
        )
        nameless = await open_ticket(client)
        maria = await open_ticket(client, customer_id=await meet(tickets, account, name="Maria"))
        items = await apply(client, macro, nameless, maria)
        details = [item["problem"]["detail"] for item in items]
        assert {item["problem"]["code"] for item in items} == {"missing_variable"}
        assert details == [
            "Without a value for this ticket: customer.first_name, customer.attributes.title, ticket.fields.order.",
            "Without a value for this ticket: customer.attributes.title, ticket.fields.order.",
        ]
        for ticket in (nameless, maria):
            assert (await get(client, f"/v1/tickets/{ticket['id']}"))["priority"] == "normal"
            assert await said(client, ticket) == []
        assert await tickets.emitted(account, TicketReplied, MacroApplied) == []

    async def test_may_say_what_stands_in_for_what_is_missing(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        macro = await keep(
            client,
            reply="{% if customer.name %}Dear {{ customer.name }}{% else %}Hello{% endif %}, "
            "{{ customer.company | default('friend') }}!",
        )
        ticket = await open_ticket(client)
        await apply(client, macro, ticket)
        assert await said(client, ticket) == [("Hello, friend!", False)]

    async def test_never_runs_what_a_customer_wrote(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        macro = await keep(client, note="{{ ticket.subject }}")
        ticket = await open_ticket(client, subject="{{ business.name }} <b>{% raw %}")
        await apply(client, macro, ticket)
        assert await said(client, ticket) == [("{{ business.name }} <b>{% raw %}", True)]

    async def test_does_all_of_it_to_a_ticket_or_nothing(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        macro = await keep(client, reply="Sorry!", note="Said sorry", changes={"assignee_id": str(new_id())})
        first, closed, last = [await open_ticket(client) for _ in range(3)]
        await post(client, f"/v1/tickets/{closed['id']}/resolve")
        await patch(client, f"/v1/tickets/{closed['id']}", state="closed")
        items = await apply(client, macro, first, closed, last)
        assert [item["problem"]["status"] for item in items] == [422, 409, 422]
        assert [await said(client, ticket) for ticket in (first, closed, last)] == [[], [], []]
        assert await tickets.emitted(account, TicketReplied, MacroApplied) == []
        good = await keep(client, reply="Sorry!")
        items = await apply(client, good, first, closed, last)
        assert [item["problem"] is None for item in items] == [True, False, True]
        assert len(await tickets.emitted(account, TicketReplied)) == 2

    async def test_never_answers_twice(self, tickets: Harness, account: UUID) -> None:
        """Complaint 40, for macros too."""
        client = tickets.client(account=account)
        macro, ticket = await keep(client, reply="Sorry!"), await open_ticket(client)
        [first] = await apply(client, macro, ticket, seen_version=ticket["version"])
        assert first["problem"] is None
        [second] = await apply(client, macro, ticket, seen_version=ticket["version"])
        assert (second["problem"]["status"], second["problem"]["code"]) == (409, "answered_meanwhile")
        two = {"ticket_ids": [ticket["id"], str(new_id())], "seen_version": 1}
        assert (await client.post(f"{PATH}/{macro}/apply", json=two)).status_code == 422

    async def test_assigns_to_people_only(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        macro, ticket = await keep(client, assign_to_me=True), await open_ticket(client)
        [item] = await apply(client, macro, ticket)
        assert item["problem"]["status"] == 422


class TestPreviewing:
    async def test_shows_what_would_be_and_does_nothing(self, tickets: Harness, account: UUID) -> None:
        ana = await add_person(tickets, account, "Ana")
        client = of(tickets, account, ana)
        ticket = await open_ticket(client, assignee_id=None, customer_id=await meet(tickets, account, name="Maria"))
        macro = await keep(
            client,
            reply="Dear {{ customer.name }}",
            changes={"state": "pending"},
            add_tags=["x"],
            assign_to_me=True,
            snooze_seconds=3_600,
        )
        shown = await post(client, f"{PATH}/{macro}/preview", ticket_id=ticket["id"])
        until = tickets.clock.now() + timedelta(hours=1)
        assert shown == {
            "reply": "Dear Maria",
            "note": None,
            "changes": {
                "state": ["new", "pending"],
                "assignee_id": [None, str(ana)],
                "tags": [[], ["x"]],
                "snoozed_until": [None, until.isoformat().replace("+00:00", "Z")],
            },
            "missing": [],
            "problem": None,
        }
        assert await get(client, f"/v1/tickets/{ticket['id']}") == ticket
        assert await said(client, ticket) == []
        assert await tickets.emitted(account, TicketReplied, MacroApplied) == []

    async def test_names_what_is_missing_and_what_stands_in_the_way(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ticket = await open_ticket(client)
        gap = await keep(client, reply="Dear {{ customer.name }}", note="{{ agent.name }}")
        shown = await post(client, f"{PATH}/{gap}/preview", ticket_id=ticket["id"])
        assert (shown["reply"], shown["missing"]) == (None, ["customer.name", "agent.name"])
        wall = await keep(client, name="Wall", changes={"assignee_id": str(new_id())})
        shown = await post(client, f"{PATH}/{wall}/preview", ticket_id=ticket["id"])
        assert "Nobody who works on tickets" in shown["problem"]
