"""The guide's example, from the signed request to the feedback; and a better mapping, read over what was kept."""

from datetime import timedelta
from uuid import UUID

from services.survey.mapping.presets import presets
from shared.testing.harness import Harness
from tests.survey.adapters.broken import payload
from tests.survey.adapters.test_json import SENDER
from tests.survey.sources.toy import connected, path_of, read_all


async def test_what_is_signed_is_heard_and_read_again_by_another_mapping(survey: Harness, account: UUID) -> None:
    client = survey.client(account=account)
    settings = presets()["standard_webhooks"].settings
    [rule] = settings["rules"]
    # At first somebody took the title for the stars.
    wrong = settings | {"rules": [rule | {"rating": {"value": "$.data.title"}}]}
    secrets = SENDER.secrets("ours")
    source = await connected(client, adapter="json", name="Ours", settings=wrong, secrets=secrets)
    body = payload("json", "review")
    headers = dict(SENDER.headers(body, SENDER.connection(), survey.clock.now()))

    unsigned = await survey.anonymous().post(path_of(source), content=body)
    answer = await survey.anonymous().post(path_of(source), content=body, headers=headers)
    assert (unsigned.status_code, answer.status_code) == (401, 200)
    await read_all(survey, account)
    path = f"/v1/sources/{source['id']}"
    [delivery] = (await client.get(f"{path}/deliveries")).json()["data"]
    assert (delivery["state"], delivery["problem"]) == ("quarantined", "rules/0/rating: The rating is no number.")

    assert (await client.patch(path, json={"settings": settings})).status_code == 200
    now = survey.clock.now()
    span = {"from": (now - timedelta(days=1)).isoformat(), "to": (now + timedelta(seconds=1)).isoformat()}
    assert (await client.post(f"{path}/replay", json=span)).status_code == 202
    await survey.run_timers()
    await read_all(survey, account)
    [delivery] = (await client.get(f"{path}/deliveries")).json()["data"]
    assert (delivery["state"], delivery["items"]) == ("read", 1)
    [heard] = (await client.get("/v1/feedback")).json()["data"]
    assert (heard["text"], heard["channel"]) == ("Two hours late & cold.", "own")
