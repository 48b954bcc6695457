"""`/v1/slack-channels`: who may, and that the address is a secret."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from shared.contracts.notifier import SlackChannelChanged
from shared.ids import new_id
from shared.testing.harness import Harness

URL = "https://hooks.slack.com/services/T000/B000/XXXXXXXX"


async def a_channel(notifier: Harness, account: UUID, **fields: Any) -> dict[str, Any]:
    body = {"name": "#complaints", "url": URL} | fields
    answer = await notifier.client(account=account).post("/v1/slack-channels", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("POST", ""), ("GET", "/{id}"), ("PATCH", "/{id}"), ("DELETE", "/{id}"), ("POST", "/{id}/test")],
)
async def test_nobody_anonymous(notifier: Harness, method: str, path: str) -> None:
    address = "/v1/slack-channels" + path.replace("{id}", str(new_id()))
    assert (await notifier.anonymous().request(method, address)).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"name": "mine"}),
        ("DELETE", "", None),
        ("GET", "/posts", None),
        ("POST", "/test", None),
    ],
)
async def test_no_other_account(notifier: Harness, account: UUID, method: str, path: str, body: Any) -> None:
    made = await a_channel(notifier, account)
    other = notifier.client(account=new_id())
    assert (await other.request(method, f"/v1/slack-channels/{made['id']}{path}", json=body)).status_code == 404
    assert (await other.get("/v1/slack-channels")).json()["data"] == []


async def test_the_address_is_sealed_and_never_shown(notifier: Harness, account: UUID) -> None:
    made = await a_channel(notifier, account)
    client = notifier.client(account=account)
    for answer in (made, (await client.get(f"/v1/slack-channels/{made['id']}")).json()):
        assert "url" not in answer
        assert "XXXXXXXX" not in str(answer)
    async with notifier.work(account) as work:
        stored = await work.session.scalar(text("select url from notifier.slack_channels"))
    assert stored is not None
    assert b"hooks.slack.com" not in bytes(stored)
    (told,) = await notifier.emitted(account, SlackChannelChanged)
    assert isinstance(told.data, SlackChannelChanged)
    assert (told.data.change, told.data.name) == ("created", "#complaints")
    assert b"XXXXXXXX" not in told.raw


async def test_a_channel_changes_with_its_version(notifier: Harness, account: UUID) -> None:
    made = await a_channel(notifier, account)
    client = notifier.client(account=account)
    path = f"/v1/slack-channels/{made['id']}"
    changed = await client.patch(path, json={"name": "#praise"}, headers={"If-Match": '"1"'})
    assert (changed.json()["name"], changed.json()["version"]) == ("#praise", 2)
    assert (await client.patch(path, json={"name": "#x"}, headers={"If-Match": '"1"'})).status_code == 412
    assert (await client.patch(path, json={"name": None})).status_code == 422
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/x", "https://user:secret@hooks.slack.com/x", "ftp://a.example", "https://[::1]/"]
)
async def test_an_address_that_must_not_be_reached_is_refused(notifier: Harness, account: UUID, url: str) -> None:
    answer = await notifier.client(account=account).post("/v1/slack-channels", json={"name": "#x", "url": url})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/url")
