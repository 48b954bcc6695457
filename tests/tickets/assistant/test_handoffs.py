"""From the assistant to a person: at once, with everything, watched, and for good (complaint 43)."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import TypeAdapter

from services.metrics.tickets.course import course_of
from services.metrics.tickets.steps import STEPS, step_of
from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.contracts.conversations import (
    ConversationContinued,
    ConversationEnded,
    ConversationHandedOff,
    HandoffAnswered,
    HandoffEscalated,
)
from shared.contracts.tickets import TicketReopened, TicketReplied, TicketResolved
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.assistant.talking import begin, kinds, say, write_articles
from tests.tickets.builders import add_person, get, post

IN_SEVEN_LANGUAGES = {
    "en": "human, please",
    "de": "Mensch, bitte",
    "fr": "humain, s'il vous plaît",
    "es": "humano, por favor",
    "it": "umano, per favore",
    "pt": "humano, por favor",
    "nl": "mens, alsjeblieft",
}


async def pass_on(tickets: Harness, account: UUID, *types: Any) -> None:
    """What the service told itself comes back to it."""
    await tickets.deliver_raw([event.raw for event in await tickets.emitted(account, *types)])


def span(value: str) -> timedelta:
    return TypeAdapter(timedelta).validate_python(value)


def moment(value: str) -> datetime:
    return datetime.fromisoformat(value)


async def reply(tickets: Harness, account: UUID, talk: dict[str, Any], text: str) -> None:
    client = tickets.client(account=account, actor=Actor(ActorKind.HUMAN, str(new_id())))
    await post(client, f"/v1/tickets/{talk['conversation']['ticket_id']}/messages", 201, text=text)
    await pass_on(tickets, account, TicketReplied)


class TestHandingOver:
    @pytest.mark.parametrize("locale", IN_SEVEN_LANGUAGES)
    async def test_happens_at_once_in_every_language(self, tickets: Harness, account: UUID, locale: str) -> None:
        talk = await begin(tickets.client(account=account), IN_SEVEN_LANGUAGES[locale], locale=locale)
        assert talk["conversation"]["state"] == "handed_off"
        assert kinds(talk) == ["said", "handoff"]
        assert talk["conversation"]["outcome"]["handoff_reason"] == "customer_asked"

    @pytest.mark.parametrize(
        ("said", "reason"),
        [
            (["This is outrageous, where is it?"], "sentiment"),
            (["My lawyer will write to you"], "policy"),
            (["Who won the cup?", "Who won the race?"], "does_not_know"),
            (["Who won the cup?", "who won the cup"], "repeated_question"),
            (["Who won the cup?", "Yes please"], "customer_asked"),
        ],
    )
    async def test_has_a_reason(self, tickets: Harness, account: UUID, said: list[str], reason: str) -> None:
        client = tickets.client(account=account)
        talk = await begin(client, said[0])
        for text in said[1:]:
            talk = await say(client, talk, text)
        assert talk["conversation"]["outcome"]["handoff_reason"] == reason
        [event] = await tickets.emitted(account, ConversationHandedOff)
        assert event.data.model_dump()["reason"] == reason

    async def test_takes_along_what_was_said_and_tried(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await add_person(tickets, account, "Jonas")
        returns, _ = await write_articles(client)
        talk = await begin(client, "How do I get a refund?", name="Ana")
        talk = await say(client, talk, "I want to talk to a human")
        ticket = await get(client, f"/v1/tickets/{talk['conversation']['ticket_id']}")
        assert (ticket["subject"], ticket["assignee_name"]) == ("How do I get a refund?", "Jonas")
        assert returns["url"]["en"] in ticket["description"]
        messages = (await get(client, f"/v1/tickets/{ticket['id']}/messages"))["data"]
        assert [message["author_name"] for message in messages] == ["Ana", "Assistant", "Ana"]
        assert ticket["first_responded_at"] is None
        handoff = await get(client, f"/v1/conversations/{talk['conversation']['id']}/handoff")
        assert [one["title"] for one in handoff["tried"]] == ["Returning something"]

    async def test_tells_the_customer_the_number_and_the_time(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await client.put("/v1/assistant", json={"answer_within_minutes": 30})
        talk = await begin(client, "human please")
        due = tickets.clock.now() + timedelta(minutes=30)
        assert f"{due:%Y-%m-%d %H:%M} UTC" in talk["messages"][1]["text"]
        assert "number 1;" in talk["messages"][1]["text"]

    async def test_by_a_button_happens_once(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        talk = await begin(client, "Who are you?")
        path = f"/v1/conversations/{talk['conversation']['id']}/handoff"
        assert (await post(client, path))["ticket_id"] == (await post(client, path))["ticket_id"]
        assert len((await get(client, "/v1/tickets"))["data"]) == 1

    async def test_is_what_there_is_when_the_assistant_is_off(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await client.put("/v1/assistant", json={"enabled": False})
        assert kinds(await begin(client, "Where is the shop?")) == ["said", "handoff"]


class TestWhoGetsIt:
    async def test_is_for_the_rules_and_who_speaks_the_language(self, tickets: Harness, account: UUID) -> None:
        """An agent who is set up with languages gets no conversation in another one."""
        client = tickets.client(account=account)
        anna, bruno = await add_person(tickets, account, "Anna"), await add_person(tickets, account, "Bruno")
        for person, languages in ((anna, ["de"]), (bruno, ["it"])):
            set_up = await client.put(f"/v1/agents/{person}", json={"languages": languages})
            assert set_up.status_code == 200, set_up.text
        for locale, person in (("it", bruno), ("de-AT", anna)):
            talk = await begin(client, IN_SEVEN_LANGUAGES[locale[:2]], locale=locale)
            ticket_id = talk["conversation"]["ticket_id"]
            assignment = await get(client, f"/v1/tickets/{ticket_id}/assignment")
            assert (assignment["assignee_id"], assignment["decision"]["language"]) == (str(person), locale[:2])

    async def test_is_nobody_who_is_away_also_up_the_chain(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await add_person(tickets, account, "Anna")
        busy, free = (
            await add_person(tickets, account, "Ada", "admin"),
            await add_person(tickets, account, "Olga", "owner"),
        )
        for _ in range(2):
            await post(client, "/v1/tickets", 201, subject="Other work", assignee_id=str(busy))
            await post(client, "/v1/tickets", 201, subject="Other work", assignee_id=str(free))
        assert (await client.put(f"/v1/agents/{busy}", json={"capacity": 1})).status_code == 200
        talk = await begin(client, "human please")
        tickets.clock.advance(timedelta(minutes=16))
        await tickets.run_timers()
        handoff = await get(client, f"/v1/conversations/{talk['conversation']['id']}/handoff")
        assert (handoff["assignee_id"], handoff["step"]) == (str(free), 3)


class TestTheWatch:
    async def test_climbs_the_chain_until_somebody_answers(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        people = {role: await add_person(tickets, account, role.title(), role) for role in ("agent", "admin", "owner")}
        for role in ("admin", "owner"):
            await post(client, "/v1/tickets", 201, subject="Other work", assignee_id=str(people[role]))
        talk = await begin(client, "human please")
        path = f"/v1/conversations/{talk['conversation']['id']}"
        for role in ("agent", "admin", "owner"):
            assert (await get(client, f"{path}/handoff"))["assignee_id"] == str(people[role])
            tickets.clock.advance(timedelta(minutes=16))
            await tickets.run_timers()
        steps = [event.data.model_dump() for event in await tickets.emitted(account, HandoffEscalated)]
        assert [(step["step"], step["due_at"] is None) for step in steps] == [(2, False), (3, False), (4, True)]
        told = [line["kind"] for line in (await get(client, f"{path}/messages"))["data"]]
        assert told == ["said", "handoff", "waiting", "waiting", "waiting"]
        ticket = await get(client, f"/v1/tickets/{talk['conversation']['ticket_id']}")
        assert (ticket["assignee_id"], ticket["priority"]) == (str(people["owner"]), "urgent")

    async def test_ends_with_a_persons_answer(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await add_person(tickets, account, "Jonas")
        await add_person(tickets, account, "Olga", "owner")
        talk = await begin(client, "human please")
        tickets.clock.advance(timedelta(minutes=5))
        await reply(tickets, account, talk, "Hello, I am Jonas.")
        tickets.clock.advance(timedelta(hours=3))
        await tickets.run_timers()
        assert await tickets.emitted(account, HandoffEscalated) == []
        [answered] = await tickets.emitted(account, HandoffAnswered)
        assert answered.data.model_dump()["seconds"] == 300
        seen = await get(client, f"/v1/conversations/{talk['conversation']['id']}")
        assert (seen["state"], seen["outcome"]["human_replies"]) == ("human", 1)
        lines = (await get(client, f"/v1/conversations/{seen['id']}/messages"))["data"]
        assert (lines[-1]["author"], lines[-1]["text"]) == ("human", "Hello, I am Jonas.")


class TestAfterwards:
    async def test_the_assistant_is_silent_also_when_it_is_reopened(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await write_articles(client)
        talk = await begin(client, "human please")
        await reply(tickets, account, talk, "Done!")
        ticket_id = talk["conversation"]["ticket_id"]
        await post(client, f"/v1/tickets/{ticket_id}/resolve")
        await pass_on(tickets, account, TicketResolved)
        tickets.clock.advance(timedelta(minutes=1))
        again = await say(client, talk, "How do I get a refund?")
        assert kinds(again) == ["said"]
        await pass_on(tickets, account, TicketReopened)
        seen = await get(client, f"/v1/conversations/{talk['conversation']['id']}")
        assert (seen["state"], seen["outcome"]["reopened_count"]) == ("human", 1)
        messages = (await get(client, f"/v1/tickets/{ticket_id}/messages"))["data"]
        assert messages[-1]["text"] == "How do I get a refund?"
        assert len(await tickets.emitted(account, ConversationHandedOff)) == 1
        assert len(await tickets.emitted(account, ConversationContinued)) == 1

    async def test_peoples_time_is_apart_from_the_assistants(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        talk = await begin(client, "Who are you?")
        tickets.clock.advance(timedelta(minutes=2))
        talk = await say(client, talk, "human please")
        tickets.clock.advance(timedelta(minutes=10))
        await reply(tickets, account, talk, "Done!")
        await post(client, f"/v1/tickets/{talk['conversation']['ticket_id']}/resolve")
        await pass_on(tickets, account, TicketResolved)
        [ended] = await tickets.emitted(account, ConversationEnded)
        outcome = ended.data.model_dump()
        assert (outcome["bot_seconds"], outcome["human_seconds"], outcome["resolved"]) == (120, 600, True)
        assert (outcome["bot_replies"], outcome["human_replies"]) == (2, 1)

    async def test_the_assistants_time_stands_on_no_clock(self, tickets: Harness, account: UUID) -> None:
        """Complaint 30 (chatwoot #6409, #8477, #7679): the first answer is waited for from the handoff on, wherever it
        is measured. The customer's whole wait is still told, in segments that add up."""
        client = tickets.client(account=account)
        talk = await begin(client, "Who are you?")
        with_assistant, alone = timedelta(minutes=40, microseconds=3), timedelta(minutes=10, microseconds=4)
        tickets.clock.advance(with_assistant)
        talk = await say(client, talk, "human please")
        handed_over_at = tickets.clock.now()
        ticket_id = talk["conversation"]["ticket_id"]
        opened = await get(client, f"/v1/tickets/{ticket_id}")
        assert moment(opened["first_response_due_at"]) == handed_over_at + timedelta(days=1)
        tickets.clock.advance(alone)
        await reply(tickets, account, talk, "Hello, I am Jonas.")
        explanation = await get(client, f"/v1/tickets/{ticket_id}/sla/explain")
        for target in ("first_response", "resolution"):
            ledger = explanation[target]
            told = [(segment["kind"], span(segment["duration"])) for segment in ledger["segments"]]
            assert told == [("with_assistant", with_assistant), ("running", alone)]
            assert span(ledger["total"]) == with_assistant + alone
            assert (span(ledger["elapsed"]), span(ledger["sums"]["with_assistant"])) == (alone, with_assistant)
            assert ledger["due_at"] == opened[f"{target}_due_at"]
        steps = [step_of(event) for event in await tickets.emitted(account, *STEPS)]
        course = course_of([step for of, step in steps if of == UUID(ticket_id)])
        assert course is not None
        assert (course.awaited_from, course.first_reply_at) == (handed_over_at, handed_over_at + alone)
        assert course.first_reply_seconds == 600
