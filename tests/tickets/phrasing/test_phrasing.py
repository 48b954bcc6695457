"""`/v1/assistant/external-model`: masked, capped, held to the articles, and without it the built-in answer is given."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

from services.tickets.app import SERVICE
from services.tickets.phrasing.models import ExternalModel
from shared.external_models import service as external
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.conftest import HarnessFactory
from tests.notifier.receiver import Receiver, a_receiver
from tests.tickets.assistant.talking import begin, kinds, say, write_articles
from tests.tickets.builders import get

PATH = "/v1/assistant/external-model"
KEY = "sk-of-this-test"
ASKED = "How do I get a refund?"
WORDED = "Send it back within thirty days, and you have your money a week later."


@pytest.fixture
async def tickets(harness: HarnessFactory, tmp_path: Path) -> Harness:
    return await harness(SERVICE, files_folder=str(tmp_path / "files"), webhook_allow_cidrs="127.0.0.0/8")


@pytest.fixture
async def elsewhere() -> AsyncIterator[Receiver]:
    async with a_receiver() as receiver:
        receiver.answer = saying(answer=WORDED, articles=[1])
        yield receiver


def saying(**said: Any) -> bytes:
    content = orjson.dumps({"choices": [{"message": {"content": orjson.dumps(said).decode()}}]})
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(content), content)


async def switch_on(tickets: Harness, account: UUID, elsewhere: Receiver, **fields: Any) -> dict[str, Any]:
    wanted = {"enabled": True, "base_url": f"http://127.0.0.1:{elsewhere.port}/v1", "model": "small-1", "api_key": KEY}
    client = tickets.client(account=account)
    await write_articles(client)
    answer = await client.put(PATH, json=wanted | fields)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def ask(tickets: Harness, account: UUID, text: str = ASKED, **fields: Any) -> dict[str, Any]:
    return await begin(tickets.client(account=account), text, **fields)


class TestSetting:
    async def test_is_for_those_who_may_make_rules(self, tickets: Harness, account: UUID, elsewhere: Receiver) -> None:
        assert (await tickets.anonymous().get(PATH)).status_code == 401
        assert (await tickets.client(account=account).get(PATH)).status_code == 404
        agent = tickets.client("tickets:read", "tickets:write", account=account)
        assert (await agent.put(PATH, json={})).status_code == 403
        await switch_on(tickets, account, elsewhere)
        assert (await tickets.client(account=new_id()).get(PATH)).status_code == 404

    async def test_the_key_is_sealed_and_never_shown(
        self, tickets: Harness, account: UUID, elsewhere: Receiver
    ) -> None:
        shown = await switch_on(tickets, account, elsewhere)
        assert (shown["has_api_key"], KEY in str(shown)) == (True, False)
        async with tickets.work(account) as work:
            model = await external.read(work, ExternalModel)
            assert model.api_key is not None
            assert KEY.encode() not in model.api_key
        assert (await tickets.client(account=account).delete(PATH)).status_code == 204
        assert (await tickets.client(account=account).get(PATH)).status_code == 404

    @pytest.mark.parametrize("url", ["http://10.0.0.1/v1", "file:///etc/passwd", "https://user:word@models.example"])
    async def test_an_address_inside_is_refused(self, tickets: Harness, account: UUID, url: str) -> None:
        wanted = {"enabled": True, "base_url": url, "model": "small-1"}
        refused = await tickets.client(account=account).put(PATH, json=wanted)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/base_url")


class TestAnAnswer:
    async def test_is_worded_elsewhere_and_cites_the_articles(
        self, tickets: Harness, account: UUID, elsewhere: Receiver
    ) -> None:
        await switch_on(tickets, account, elsewhere)
        tickets.clock.advance(timedelta(minutes=1))
        await tickets.run_timers()
        talk = await ask(tickets, account, f"{ASKED} I am ana@example.com")
        said, answer = talk["messages"]
        assert (answer["kind"], answer["text"], answer["model"]) == ("answer", WORDED, "small-1")
        assert [one["title"] for one in answer["citations"]] == ["Returning something"]
        assert said["model"] == "small-1"
        [request] = elsewhere.received
        assert request.headers["authorization"] == f"Bearer {KEY}"
        system, user = (message["content"] for message in orjson.loads(request.body)["messages"])
        assert "1. Returning something" in system
        assert user == f"{ASKED} I am [email]"
        shown = await get(tickets.client(account=account), PATH)
        assert (shown["calls_used"], shown["characters_used"]) == (1, len(system) + len(user))

    @pytest.mark.parametrize(
        "answer",
        [
            saying(answer=WORDED, articles=[]),
            saying(answer=WORDED, articles=[1, 9]),
            saying(answer=WORDED, articles=["0"]),
            saying(answer="Pay at https://evil.example/now", articles=[1]),
            saying(answer=None, articles=[1]),
            saying(answer=" ", articles=[1]),
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
            503,
        ],
    )
    async def test_that_may_not_be_used_is_the_built_in_one(
        self, tickets: Harness, account: UUID, elsewhere: Receiver, answer: bytes | int
    ) -> None:
        elsewhere.answer = answer
        await switch_on(tickets, account, elsewhere)
        talk = await ask(tickets, account)
        said, given = talk["messages"]
        assert len(elsewhere.received) == 1
        assert (said["model"], given["kind"], given["model"]) == ("small-1", "answer", None)
        assert given["text"] != WORDED
        assert given["citations"]

    async def test_that_was_shown_already_is_a_persons_matter(
        self, tickets: Harness, account: UUID, elsewhere: Receiver
    ) -> None:
        await switch_on(tickets, account, elsewhere)
        talk = await say(tickets.client(account=account), await ask(tickets, account), "How to get a refund, how?")
        assert kinds(talk) == ["said", "handoff"]
        assert talk["conversation"]["outcome"]["handoff_reason"] == "repeated_question"


class TestNothingLeaves:
    @pytest.mark.parametrize("text", ["human please", "My lawyer wants a refund", "This is ridiculous", "Zebra?"])
    async def test_of_what_no_article_answers(
        self, tickets: Harness, account: UUID, elsewhere: Receiver, text: str
    ) -> None:
        await switch_on(tickets, account, elsewhere)
        talk = await ask(tickets, account, text)
        assert (elsewhere.received, talk["messages"][0]["model"]) == ([], None)

    async def test_of_what_a_person_has(self, tickets: Harness, account: UUID, elsewhere: Receiver) -> None:
        await switch_on(tickets, account, elsewhere)
        talk = await ask(tickets, account, "human please")
        await say(tickets.client(account=account), talk, ASKED)
        assert elsewhere.received == []

    async def test_of_the_same_message_again(self, tickets: Harness, account: UUID, elsewhere: Receiver) -> None:
        await switch_on(tickets, account, elsewhere)
        message_id = str(new_id())
        talk = await ask(tickets, account, message_id=message_id)
        await say(tickets.client(account=account), talk, ASKED, message_id=message_id)
        assert len(elsewhere.received) == 1

    async def test_of_another_account_or_while_it_is_off(
        self, tickets: Harness, account: UUID, elsewhere: Receiver
    ) -> None:
        await switch_on(tickets, account, elsewhere, enabled=False)
        await ask(tickets, account)
        other = new_id()
        await write_articles(tickets.client(account=other))
        await ask(tickets, other)
        assert elsewhere.received == []

    async def test_once_the_cap_is_reached_until_next_month(
        self, tickets: Harness, account: UUID, elsewhere: Receiver
    ) -> None:
        await switch_on(tickets, account, elsewhere, monthly_calls=1)
        for _ in range(2):
            assert kinds(await ask(tickets, account)) == ["said", "answer"]
        assert len(elsewhere.received) == 1
        tickets.clock.advance(timedelta(days=31))
        await ask(tickets, account)
        assert len(elsewhere.received) == 2

    async def test_after_a_wrong_key_which_switches_it_off(
        self, tickets: Harness, account: UUID, elsewhere: Receiver
    ) -> None:
        elsewhere.answer = 401
        await switch_on(tickets, account, elsewhere)
        for _ in range(2):
            assert kinds(await ask(tickets, account)) == ["said", "answer"]
        assert len(elsewhere.received) == 1
        shown = await get(tickets.client(account=account), PATH)
        assert (shown["enabled"], shown["note"]) == (False, "switched off: answered 401")
