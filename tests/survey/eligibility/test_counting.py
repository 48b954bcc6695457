"""Counting a segment says of each member what asking about them alone says, by whatever shorter way it is found out."""

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.ids import new_id
from shared.testing.harness import Harness
from tests.survey.asking import gate_of, invite, join, say, set_contact_policy, set_survey_policy, write
from tests.survey.building import know_customer, open_survey

VIP = new_id()


async def various_people(survey: Harness, account: UUID, live: dict[str, Any]) -> list[UUID]:
    """Some with a history of every sort, and more about whom nothing is known."""
    people = [await know_customer(survey, account, email=f"c{n}@example.com") for n in range(9)]
    said_no, said_yes, once, twice, asked, vip = people[:6]
    people.append(await know_customer(survey, account, email=None))
    people.append(await know_customer(survey, account, restricted=True))
    people.append(await know_customer(survey, account, preferred_channel="none"))
    await say(survey, account, said_no, granted=False)
    await say(survey, account, said_yes, granted=True)
    for customer in (once, twice, twice, vip):
        await write(survey, account, customer)
    await invite(survey, account, live, asked, expires_in_days=1)
    await join(survey, account, VIP, vip)
    return people


@pytest.mark.parametrize(
    ("contact", "own"),
    [
        ({"budgets": []}, {}),
        ({"budgets": [{"most": 2, "days": 7}]}, {}),
        ({"budgets": [{"most": 2, "days": 7}, {"most": 1, "days": 7, "channel": "email"}]}, {}),
        ({"budgets": [{"most": 0, "days": 7}]}, {}),
        ({"gap_days": 7}, {}),
        ({"exceptions": [{"segment_id": str(VIP), "gap_days": 7}]}, {}),
        ({"exceptions": [{"segment_id": str(VIP), "budgets": [{"most": 1, "days": 7}]}]}, {}),
        ({"budgets": []}, {"sample_percent": "40"}),
    ],
)
async def test_agrees_with_each_ones_verdict(
    survey: Harness, account: UUID, contact: dict[str, Any], own: dict[str, Any]
) -> None:
    segment, client = new_id(), survey.client(account=account)
    live = await open_survey(client, cooldown_days=30)
    people = await various_people(survey, account, live)
    survey.clock.advance(timedelta(days=2))
    await set_contact_policy(survey, account, **contact)
    await set_survey_policy(survey, account, live, **own)
    await join(survey, account, segment, *people)

    gates = [await gate_of(survey, account, live, customer) for customer in people]
    counted = (await client.get(f"/v1/surveys/{live['id']}/eligibility", params={"segment_id": str(segment)})).json()

    assert counted["refused"] == Counter(gate for gate in gates if gate is not None)
    assert (counted["customers"], counted["eligible"]) == (len(people), gates.count(None))
