"""The chat on a business's own pages: one conversation, answered by staff, seen by its visitor alone."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest

from shared.auth.publishable import new_publishable_key
from shared.contracts.gateway import APIKeyCreated
from shared.contracts.survey import CustomerSighted
from shared.contracts.tickets import AttachedFile, TicketReplied
from shared.ids import new_id
from shared.testing.harness import Harness

ORIGIN = "https://shop.example"


class Visitor:
    def __init__(self, survey: Harness, account: UUID, key: str) -> None:
        self.survey, self.account, self.path = survey, account, f"/w/{key}/chats"
        self.http = survey.anonymous()

    async def post(self, path: str, **body: Any) -> httpx.Response:
        message = {"message_id": str(uuid4()), "text": "Are you open today?"} | body
        return await self.http.post(f"{self.path}{path}", content=orjson.dumps(message), headers={"Origin": ORIGIN})

    async def begin(self, **body: Any) -> dict[str, Any]:
        answer = await self.post("", **body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def hears(self, chat: str, after: str | None = None) -> list[str]:
        query = {"after": after} if after else {}
        answer = await self.http.get(f"{self.path}/{chat}/messages", params=query, headers={"Origin": ORIGIN})
        assert answer.status_code == 200, answer.text
        return [f"{one['author']}: {one['text']}" for one in answer.json()["messages"]]

    async def feedback(self) -> list[dict[str, Any]]:
        answer = await self.survey.client(account=self.account).get("/v1/feedback")
        found: list[dict[str, Any]] = answer.json()["data"]
        return found

    async def staff_reply(self, thread_id: str, text: str, *files: AttachedFile) -> None:
        reply = TicketReplied(
            ticket_id=new_id(),
            number=1,
            message_id=new_id(),
            subject="Chat",
            text=text,
            author_name="Jonas",
            customer_id=None,
            first_response=True,
            thread_id=UUID(thread_id),
            attachments=files,
        )
        await self.survey.deliver(reply, account=self.account, subject=reply.ticket_id)


@pytest.fixture
async def visitor(survey: Harness, account: UUID) -> Visitor:
    key = new_publishable_key(account)
    made = APIKeyCreated(
        api_key_id=new_id(),
        name="Shop",
        scopes=("feedback:write",),
        kind="publishable",
        public_key=key,
        origins=(ORIGIN,),
    )
    await survey.deliver(made, account=account, subject=made.api_key_id)
    return Visitor(survey, account, key)


async def test_a_conversation_goes_both_ways(visitor: Visitor) -> None:
    begun = await visitor.begin(name="Ana", page=f"{ORIGIN}/boots?session=1")
    [first] = await visitor.feedback()
    assert (first["kind"], first["channel"], first["url"]) == ("message", "chat", f"{ORIGIN}/boots")
    visitor.survey.clock.advance(timedelta(seconds=20))
    await visitor.staff_reply(first["thread_id"], "Until six.")
    visitor.survey.clock.advance(timedelta(seconds=20))
    said = await visitor.post(f"/{begun['chat']}/messages", text="Thank you")
    assert said.status_code == 201
    assert await visitor.hears(begun["chat"]) == [
        "visitor: Are you open today?",
        "staff: Until six.",
        "visitor: Thank you",
    ]
    assert {one["thread_id"] for one in await visitor.feedback()} == {first["thread_id"]}
    assert await visitor.hears(begun["chat"], begun["messages"][0]["id"]) == ["staff: Until six.", "visitor: Thank you"]


async def test_a_message_that_is_sent_twice_is_one(visitor: Visitor) -> None:
    chat, again = (await visitor.begin())["chat"], {"message_id": str(uuid4()), "text": "Hello?"}
    for _ in range(2):
        await visitor.post(f"/{chat}/messages", **again)
    assert (await visitor.hears(chat)).count("visitor: Hello?") == 1
    assert len(await visitor.feedback()) == 2


async def test_a_chat_that_is_begun_twice_is_one(visitor: Visitor) -> None:
    first = {"message_id": str(uuid4()), "text": "Hello?"}
    begun = await asyncio.gather(*(visitor.begin(**first) for _ in range(4)))
    assert len({one["chat"] for one in begun}) == 1
    assert [len(one["messages"]) for one in begun] == [1] * 4
    assert len(await visitor.feedback()) == 1


async def test_the_id_of_a_message_alone_leads_to_no_chat(visitor: Visitor) -> None:
    begun = await visitor.begin(message_id=str(uuid4()), text="My secret")
    other = await visitor.begin(message_id=begun["messages"][0]["id"], text="Guessed")
    assert [one["text"] for one in other["messages"]] == ["Guessed"]


async def test_who_leaves_an_address_asks_to_be_answered_there(visitor: Visitor) -> None:
    await visitor.begin(email="lea@example.com")
    [sighted] = await visitor.survey.emitted(visitor.account, CustomerSighted)
    assert isinstance(sighted.data, CustomerSighted)
    assert (sighted.data.verified, sighted.data.answerable) == (False, True)


async def test_nobody_reads_anothers_chat(visitor: Visitor) -> None:
    chat = (await visitor.begin())["chat"]
    forged = chat[:-2] + ("AA" if chat[-2:] != "AA" else "BB")
    for token in (forged, "x", "a" * 43):
        answer = await visitor.http.get(f"{visitor.path}/{token}/messages", headers={"Origin": ORIGIN})
        assert answer.status_code == 404
        assert (await visitor.post(f"/{token}/messages")).status_code == 404


async def test_files_of_an_answer_are_links_below_it(visitor: Visitor) -> None:
    chat = (await visitor.begin())["chat"]
    [first] = await visitor.feedback()
    await visitor.staff_reply(first["thread_id"], "Here", AttachedFile(name="a.pdf", size=9, url="https://x/1"))
    assert "staff: Here\n\na.pdf (9 bytes)\nhttps://x/1" in await visitor.hears(chat)


async def test_an_answer_in_another_conversation_stays_there(visitor: Visitor) -> None:
    chat = (await visitor.begin())["chat"]
    await visitor.staff_reply(str(new_id()), "Not for you")
    assert await visitor.hears(chat) == ["visitor: Are you open today?"]


@pytest.mark.parametrize(
    "body", [{"text": ""}, {"text": " \n"}, {"message_id": "1"}, {"text": "x" * 4_001}, {"email": "nobody"}]
)
async def test_what_is_wrong_is_said(visitor: Visitor, body: dict[str, Any]) -> None:
    assert (await visitor.post("", **body)).status_code == 422
