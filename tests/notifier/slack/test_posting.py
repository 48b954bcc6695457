"""What rules write to Slack: escaped, one a second, and stopped where Slack takes nothing any more."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.notifier.slack.posting import MOST_ATTEMPTS, SLACK
from services.notifier.subjects.part import recall
from services.notifier.templates.rendering import render_slack
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.notifier.builders import feedback
from tests.notifier.receiver import Receiver
from tests.notifier.rules.test_rules import created
from tests.notifier.rules.test_runs import runs_of
from tests.notifier.slack.test_channels import a_channel

HOSTILE = "<!channel> see <https://evil.example|our shop> & more"


async def a_rule(notifier: Harness, account: UUID, channel: dict[str, Any], **fields: Any) -> dict[str, Any]:
    post = {"type": "post_to_slack", "channel_id": channel["id"], "text": "<!here> {{ text }}"} | fields
    return await created(notifier, account, actions=[post])


async def posts_of(notifier: Harness, account: UUID, channel: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await notifier.client(account=account).get(f"/v1/slack-channels/{channel['id']}/posts")
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


async def said(notifier: Harness, account: UUID, times: int = 1, words: str = "Broken") -> None:
    for _ in range(times):
        await notifier.deliver(feedback(notifier.clock.now(), text=words), account=account)


async def test_a_customers_words_call_nobody(notifier: Harness, account: UUID, receiver: Receiver) -> None:
    channel = await a_channel(notifier, account, url=receiver.url)
    await a_rule(notifier, account, channel)
    await said(notifier, account, words=HOSTILE)
    await SLACK.run_due(notifier.runtime)

    (received,) = receiver.received
    assert json.loads(received.body)["text"] == (
        "<!here> &lt;!channel&gt; see &lt;https://evil.example|our shop&gt; &amp; more"
    )
    (post,) = await posts_of(notifier, account, channel)
    assert (post["state"], post["attempts"]) == ("delivered", 1)
    (run,) = await runs_of(notifier, account)
    assert run["steps"][0]["detail"] == f"post queued ({post['id']})"


def test_what_is_missing_is_empty_and_filters_are_escaped_too() -> None:
    assert render_slack("{{ a }}|{{ b.c }}|{{ d | upper }}", {"a": None, "d": "<a&b>"}) == "||&lt;A&amp;B&gt;"


async def test_one_message_a_second_for_each_channel(notifier: Harness, account: UUID, receiver: Receiver) -> None:
    channel = await a_channel(notifier, account, url=receiver.url)
    await a_rule(notifier, account, channel)
    await said(notifier, account, times=3)
    for sent in (1, 2, 3):
        await SLACK.run_due(notifier.runtime)
        assert len(receiver.received) == sent
        notifier.clock.advance(timedelta(seconds=1))


async def test_slow_down_holds_the_whole_channel(notifier: Harness, account: UUID, receiver: Receiver) -> None:
    channel = await a_channel(notifier, account, url=receiver.url)
    await a_rule(notifier, account, channel)
    await said(notifier, account, times=2)
    receiver.answer, receiver.extra_headers = 429, "Retry-After: 30\r\n"
    await SLACK.run_due(notifier.runtime)
    notifier.clock.advance(timedelta(seconds=29))
    assert await SLACK.run_due(notifier.runtime) == 0
    receiver.answer, receiver.extra_headers = 200, ""
    for _ in range(2):
        notifier.clock.advance(timedelta(seconds=1))
        assert await SLACK.run_due(notifier.runtime) == 1
    assert {(post["state"], post["attempts"]) for post in await posts_of(notifier, account, channel)} == {
        ("delivered", 1)
    }


async def test_a_hook_that_is_gone_switches_the_channel_off(
    notifier: Harness, account: UUID, receiver: Receiver
) -> None:
    channel = await a_channel(notifier, account, url=receiver.url)
    await a_rule(notifier, account, channel)
    await said(notifier, account, times=2)
    receiver.answer = 404
    await SLACK.run_due(notifier.runtime)

    now = (await notifier.client(account=account).get(f"/v1/slack-channels/{channel['id']}")).json()
    assert (now["enabled"], now["trouble"]) == (False, "answered 404 (seen)")
    assert sorted(post["state"] for post in await posts_of(notifier, account, channel)) == ["canceled", "failed"]
    await said(notifier, account)
    (last, *_) = await runs_of(notifier, account)
    assert last["steps"][0]["detail"] == "the Slack channel is switched off"


@pytest.mark.parametrize(("answer", "attempts"), [(400, 1), (500, MOST_ATTEMPTS)])
async def test_other_refusals_end_at_once_or_after_a_while(
    notifier: Harness, account: UUID, receiver: Receiver, answer: int, attempts: int
) -> None:
    channel = await a_channel(notifier, account, url=receiver.url)
    await a_rule(notifier, account, channel)
    await said(notifier, account)
    receiver.answer = answer
    for _ in range(MOST_ATTEMPTS + 1):
        await SLACK.run_due(notifier.runtime)
        notifier.clock.advance(timedelta(hours=13))
    (post,) = await posts_of(notifier, account, channel)
    assert (post["state"], post["attempts"]) == ("failed", attempts)


async def test_a_rule_names_what_is_there(notifier: Harness, account: UUID) -> None:
    channel = await a_channel(notifier, account)
    client = notifier.client(account=account)
    misspelt = {"type": "post_to_slack", "channel_id": channel["id"], "text": "{{ txet }}"}
    event_type = "heed.survey.feedback.received.v1"
    answer = await client.post("/v1/rules", json={"name": "x", "event_type": event_type, "actions": [misspelt]})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/actions/0/text")

    await a_rule(notifier, account, {"id": str(new_id())})
    await said(notifier, account)
    (run,) = await runs_of(notifier, account)
    assert run["steps"][0]["detail"] == "the Slack channel is gone"


async def test_the_test_message_is_posted(notifier: Harness, account: UUID, receiver: Receiver) -> None:
    channel = await a_channel(notifier, account, url=receiver.url)
    asked = await notifier.client(account=account).post(f"/v1/slack-channels/{channel['id']}/test")
    assert asked.status_code == 202
    await SLACK.run_due(notifier.runtime)
    assert b"Heed can write here" in receiver.received[0].body


async def test_what_waits_is_withdrawn_with_the_person(notifier: Harness, account: UUID, receiver: Receiver) -> None:
    channel = await a_channel(notifier, account, url=receiver.url)
    await a_rule(notifier, account, channel)
    customer_id = new_id()
    await notifier.deliver(feedback(notifier.clock.now(), text="Broken", customer_id=customer_id), account=account)
    async with notifier.work(account) as work:
        await recall(work, [customer_id], "delete")
    await SLACK.run_due(notifier.runtime)
    assert receiver.received == []
