"""Talking to the assistant: answers with their source, questions back, and the truth when it does not know."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.tickets.assistant import service as conversations
from services.tickets.assistant.retrieval import Candidate
from services.tickets.assistant.talking import Known, Reply, respond
from services.tickets.assistant.words import words_in
from shared.contracts.conversations import ConversationEnded, ConversationStarted
from shared.contracts.customers import CustomerCreated
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.profiles import profile_of
from tests.tickets.assistant.talking import begin, kinds, say, write_articles
from tests.tickets.builders import get, open_ticket, patch, post


async def add_customer(tickets: Harness, account: UUID) -> str:
    customer_id = new_id()
    created = CustomerCreated(customer_id=customer_id, profile=profile_of(name="Ana", external_id="c-1"))
    await tickets.deliver(created, account=account, subject=customer_id)
    return str(customer_id)


class TestAConversation:
    async def test_needs_a_credential(self, tickets: Harness) -> None:
        assert (await tickets.anonymous().post("/v1/conversations", json={"text": "Hello"})).status_code == 401

    async def test_of_another_account_is_not_there(self, tickets: Harness, account: UUID) -> None:
        talk = await begin(tickets.client(account=account), "Hello")
        stranger, path = tickets.client(account=new_id()), f"/v1/conversations/{talk['conversation']['id']}"
        for answer in (
            await stranger.get(path),
            await stranger.get(f"{path}/messages"),
            await stranger.post(f"{path}/messages", json={"text": "Hello"}),
            await stranger.post(f"{path}/handoff"),
            await stranger.post(f"{path}/end"),
        ):
            assert answer.status_code == 404
        assert (await get(stranger, "/v1/conversations"))["data"] == []

    async def test_answers_from_an_article_and_names_it(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        returns, _ = await write_articles(client)
        talk = await begin(client, "How do I get a refund?")
        answer = talk["messages"][1]
        assert (answer["author"], answer["kind"]) == ("bot", "answer")
        assert answer["citations"] == [
            {"article_id": returns["id"], "title": "Returning something", "url": returns["url"]["en"]}
        ]
        assert "refund takes five days" in answer["text"]
        [started] = await tickets.emitted(account, ConversationStarted)
        assert started.data.model_dump()["customer_id"] is None

    async def test_never_answers_from_what_is_not_public(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        for article in await write_articles(client):
            await patch(client, f"/v1/articles/{article['id']}", visibility="internal")
        assert kinds(await begin(client, "How do I get a refund?")) == ["said", "unknown"]

    async def test_says_when_it_does_not_know(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await write_articles(client)
        talk = await begin(client, "Who won the championship yesterday?")
        assert kinds(talk) == ["said", "unknown"]
        assert talk["messages"][1]["citations"] == []

    async def test_heard_twice_is_answered_once(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        talk, message_id = await begin(client, "Hello there"), str(new_id())
        assert kinds(await say(client, talk, "What is this?", message_id=message_id))[0] == "said"
        assert kinds(await say(client, talk, "What is this?", message_id=message_id)) == []

    async def test_survives_what_breaks_in_the_answering(
        self, tickets: Harness, account: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def broken(*_: Any) -> Any:
            raise ValueError

        monkeypatch.setattr(conversations, "candidates", broken)
        talk = await begin(tickets.client(account=account), "Where is the shop?")
        assert talk["conversation"]["outcome"]["handoff_reason"] == "failure"

    async def test_that_nobody_ends_is_over_after_a_day(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        talk = await begin(client, "Who are you?")
        tickets.clock.advance(timedelta(hours=24, seconds=1))
        await tickets.run_timers()
        assert (await get(client, f"/v1/conversations/{talk['conversation']['id']}"))["state"] == "ended"
        [ended] = await tickets.emitted(account, ConversationEnded)
        assert ended.data.model_dump()["resolved"] is False

    async def test_that_helped_is_the_assistants_alone(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await write_articles(client)
        talk = await begin(client, "How do I get a refund?")
        ended = await post(client, f"/v1/conversations/{talk['conversation']['id']}/end", resolved=True, rating=5)
        assert (ended["state"], ended["outcome"]["rating"]) == ("ended", 5)
        [event] = await tickets.emitted(account, ConversationEnded)
        outcome = event.data.model_dump()
        assert (outcome["bot_replies"], outcome["human_replies"], outcome["human_seconds"]) == (1, 0, 0)


class TestLearning:
    async def test_from_the_questions_of_articles_finds_other_words_for_them(
        self, tickets: Harness, account: UUID
    ) -> None:
        client = tickets.client(account=account)
        _, shipping = await write_articles(client)
        assert (await get(client, "/v1/assistant"))["knows"] == {}
        tickets.clock.advance(timedelta(seconds=11))
        await tickets.run_timers()
        assert (await get(client, "/v1/assistant"))["knows"] == {"en": 8}
        talk = await begin(client, "How long until my parcel arrives?")
        assert talk["messages"][1]["citations"][0]["article_id"] == shipping["id"]

    async def test_forgets_what_is_withdrawn_at_once(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        for article in await write_articles(client):
            tickets.clock.advance(timedelta(seconds=11))
            await tickets.run_timers()
            await patch(client, f"/v1/articles/{article['id']}", visibility="draft")
        assert kinds(await begin(client, "How do I get a refund?")) == ["said", "unknown"]


class TestTheStatusOfTickets:
    async def test_is_told_to_whoever_is_proven(self, tickets: Harness, account: UUID) -> None:
        client, customer_id = tickets.client(account=account), await add_customer(tickets, account)
        await open_ticket(client, subject="The lamp is broken", customer_id=customer_id)
        await open_ticket(client, subject="Somebody else's")
        talk = await begin(client, "What is the status of my request?", customer_id=customer_id)
        assert "The lamp is broken" in talk["messages"][1]["text"]
        assert "Somebody else's" not in talk["messages"][1]["text"]

    async def test_is_told_to_nobody_else(self, tickets: Harness, account: UUID) -> None:
        client, customer_id = tickets.client(account=account), await add_customer(tickets, account)
        await open_ticket(client, subject="The lamp is broken", customer_id=customer_id)
        await open_ticket(client, subject="A lamp of nobody's")
        talk = await begin(client, "What is the status of my request?", name="Ana")
        assert talk["messages"][1]["kind"] == "status"
        assert "lamp" not in talk["messages"][1]["text"]

    async def test_of_a_customer_who_is_not_there_is_refused(self, tickets: Harness, account: UUID) -> None:
        body = {"text": "Hello", "customer_id": str(new_id())}
        answer = await tickets.client(account=account).post("/v1/conversations", json=body)
        assert answer.json()["errors"][0]["pointer"] == "/customer_id"


def some(article_id: str, confidence: float) -> Candidate:
    return Candidate(article_id, article_id.title(), f"/{article_id}", "Text.", confidence)


class TestTheRules:
    words = words_in("en")

    def known(self, **fields: Any) -> Known:
        values: dict[str, Any] = {"asked": [], "shown": [], "clarifications": 0, "unknowns": 0}
        return Known(**values | fields)

    def test_ask_back_twice_and_no_more(self) -> None:
        found = [some("returns", 0.3), some("shipping", 0.25)]
        reply = respond(found, self.known(clarifications=1), self.words)
        assert isinstance(reply, Reply)
        assert reply.kind == "clarify"
        assert "1. Returns\n2. Shipping" in reply.text
        later = respond(found, self.known(clarifications=2), self.words)
        assert isinstance(later, Reply)
        assert later.kind == "unknown"

    def test_do_not_show_the_same_article_twice(self) -> None:
        again = respond([some("returns", 0.9)], self.known(shown=["returns"]), self.words)
        assert not isinstance(again, Reply)
        assert again.reason == "repeated_question"

    def test_hand_over_when_nothing_is_known_twice(self) -> None:
        done = respond([], self.known(unknowns=1), self.words)
        assert not isinstance(done, Reply)
        assert done.reason == "does_not_know"
