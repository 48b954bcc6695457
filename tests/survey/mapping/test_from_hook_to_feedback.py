"""The guide's example, from the signed request to the feedback; and a better mapping, read over what was kept.

Seen to fail: what one delivery said before left as it was when it is read again.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx

from services.survey.mapping.presets import presets
from shared.contracts.feedback import FeedbackUpdated
from shared.testing.harness import Harness
from tests.survey.adapters.broken import payload
from tests.survey.adapters.test_json import SENDER
from tests.survey.building import know_customer
from tests.survey.sources.toy import connected, path_of, read_all

SETTINGS = presets()["standard_webhooks"].settings
BODY = payload("json", "review")


async def test_what_is_signed_is_heard_and_read_again_by_another_mapping(survey: Harness, account: UUID) -> None:
    client = survey.client(account=account)
    # At first somebody took the title for the stars.
    source = await mapped(client, rating={"value": "$.data.title"})
    unsigned = await survey.anonymous().post(path_of(source), content=BODY)
    assert (unsigned.status_code, await sent(survey, account, source)) == (401, 200)
    path = f"/v1/sources/{source['id']}"
    [delivery] = (await client.get(f"{path}/deliveries")).json()["data"]
    assert (delivery["state"], delivery["problem"]) == ("quarantined", "rules/0/rating: The rating is no number.")

    await mended(survey, account, client, source)
    [delivery] = (await client.get(f"{path}/deliveries")).json()["data"]
    assert (delivery["state"], delivery["items"]) == ("read", 1)
    [heard] = (await client.get("/v1/feedback")).json()["data"]
    assert (heard["text"], heard["channel"]) == ("Two hours late & cold.", "own")


async def test_what_was_misread_is_corrected_once(survey: Harness, account: UUID) -> None:
    await know_customer(survey, account, email="ana@example.com")
    client = survey.client(account=account)
    wrong = {"value": {"constant": "2020-02-02T10:00:00Z"}}
    source = await mapped(client, text="$.data.title", time=wrong, rating={"value": {"constant": 5}})
    assert await sent(survey, account, source) == 200
    [misread] = (await client.get("/v1/feedback")).json()["data"]
    assert (misread["text"], misread["sentiment"]["label"]) == ("Cold pizza", "positive")

    await mended(survey, account, client, source)
    [heard] = (await client.get("/v1/feedback")).json()["data"]
    assert (heard["id"], heard["text"], heard["rating"]["raw"]) == (misread["id"], "Two hours late & cold.", 2)
    assert (heard["sentiment"]["label"], heard["first_rating"]) == ("negative", None)
    assert (misread["occurred_at"][:4], heard["occurred_at"][:4]) == ("2020", "2026")
    await mended(survey, account, client, source)
    [corrected] = [event.data for event in await survey.emitted(account, FeedbackUpdated)]
    assert isinstance(corrected, FeedbackUpdated)
    assert corrected.text == "Two hours late & cold."


async def mapped(client: httpx.AsyncClient, **wrong: Any) -> dict[str, Any]:
    """A source with the guide's mapping, but for what is wrong with it."""
    [rule] = SETTINGS["rules"]
    settings = SETTINGS | {"rules": [rule | wrong]}
    return await connected(client, adapter="json", name="Ours", settings=settings, secrets=SENDER.secrets("ours"))


async def sent(survey: Harness, account: UUID, source: dict[str, Any]) -> int:
    headers = dict(SENDER.headers(BODY, SENDER.connection(), survey.clock.now()))
    answer = await survey.anonymous().post(path_of(source), content=BODY, headers=headers)
    await read_all(survey, account)
    return answer.status_code


async def mended(survey: Harness, account: UUID, client: httpx.AsyncClient, source: dict[str, Any]) -> None:
    """The mapping is right now, and what was kept is read again by it."""
    path, now = f"/v1/sources/{source['id']}", survey.clock.now()
    assert (await client.patch(path, json={"settings": SETTINGS})).status_code == 200
    span = {"from": (now - timedelta(days=1)).isoformat(), "to": (now + timedelta(seconds=1)).isoformat()}
    assert (await client.post(f"{path}/replay", json=span)).status_code == 202
    await survey.run_timers()
    await read_all(survey, account)
    survey.clock.advance(timedelta(minutes=1))
    await survey.run_timers()
