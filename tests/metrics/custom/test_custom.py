"""Numbers that an account makes of others.

Seen to fail: a division by zero shown as a number, an unknown metric accepted.
"""

from typing import Any
from uuid import UUID

import httpx
import pytest

from services.metrics.custom import expressions
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.metrics.builders import feedback, rating
from tests.metrics.comparisons.test_comparisons import MARCH, ask, nps, tell

CALM = {"name": "calm", "title": "Calm", "expression": "nps - 0.5 * csat"}


async def made(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    response = await client.post("/v1/custom-metrics", json=CALM | changes)
    assert response.status_code == 201, response.text
    found: dict[str, Any] = response.json()
    return found


@pytest.mark.parametrize(
    ("expression", "values", "expected"),
    [
        ("nps - 0.5 * csat", {"nps": 40.0, "csat": 60.0}, 10.0),
        ("(nps + 100) / 2", {"nps": 40.0}, 70.0),
        ("nps > 30 ? 1 : 0", {"nps": 40.0}, 1.0),
        ("nps / backlog", {"nps": 40.0, "backlog": 0.0}, None),
        ("nps - csat", {"nps": 40.0, "csat": None}, None),
    ],
)
def test_arithmetic_is_as_one_learns_it(
    expression: str, values: dict[str, float | None], expected: float | None
) -> None:
    assert expressions.value_of(expression, values) == expected


class TestKeeping:
    @pytest.mark.parametrize(
        ("changes", "pointer", "code"),
        [
            ({"expression": "nps - joy"}, "/expression", "unknown_metric"),
            ({"expression": "nps -"}, "/expression", "syntax"),
            ({"expression": "1 + 1"}, "/expression", "number_of_metrics"),
            ({"expression": "nps > 3"}, "/expression", "not_a_number"),
            ({"expression": "nps + 'a'"}, "/expression", "dry_run"),
            ({"expression": "(" * 30 + "nps" + ")" * 30}, "/expression", "too_deep"),
            ({"name": "nps"}, "/name", "name_taken"),
            ({"name": "privacy"}, "/name", "name_taken"),
        ],
    )
    async def test_what_makes_no_sense_is_refused(
        self, metrics: Harness, account: UUID, changes: dict[str, str], pointer: str, code: str
    ) -> None:
        response = await metrics.client(account=account).post("/v1/custom-metrics", json=CALM | changes)
        assert response.status_code == 422
        error = response.json()["errors"][0]
        assert (error["pointer"], error["code"]) == (pointer, code)

    async def test_two_of_one_name_are_refused(self, metrics: Harness, account: UUID) -> None:
        client = metrics.client(account=account)
        await made(client)
        again = await client.post("/v1/custom-metrics", json=CALM)
        assert again.json()["errors"][0]["code"] == "name_taken"

    async def test_another_expression_is_another_formula(self, metrics: Harness, account: UUID) -> None:
        client = metrics.client(account=account)
        path = f"/v1/custom-metrics/{(await made(client))['id']}"
        renamed = (await client.patch(path, json={"title": "Calmer"}, headers={"If-Match": '"1"'})).json()
        assert (renamed["title"], renamed["formula_version"], renamed["version"]) == ("Calmer", 1, 2)
        changed = (await client.patch(path, json={"expression": "nps"})).json()
        assert (changed["formula_version"], changed["version"]) == (2, 3)
        assert (await client.patch(path, json={"title": "x"}, headers={"If-Match": '"1"'})).status_code == 412
        assert (await client.delete(path)).status_code == 204
        assert (await client.get(path)).status_code == 404


class TestAnswers:
    async def test_come_with_their_parts(self, metrics: Harness, account: UUID) -> None:
        said = [feedback(rating=rating("csat", value), channel="web") for value in (5, 5, 1, 1)]
        await tell(metrics, account, *said, *nps(3, 0, 1, channel="web"), *nps(1, 0, 0, channel="sms"))
        client = metrics.client(account=account)
        await made(client)
        answer = await ask(client, "calm", **MARCH, by="channel")
        assert (answer["value"], answer["formula"], answer["formula_version"]) == (35.0, CALM["expression"], 1)
        assert [(part["metric"], part["value"], part["n"]) for part in answer["parts"]] == [
            ("csat", 50.0, 4),
            ("nps", 60.0, 5),
        ]
        assert answer["insufficient"]
        assert {point["group"]: point["value"] for point in answer["series"]} == {"web": 25.0}
        assert answer["rows"][1].startswith("/v1/metrics/nps/rows?from=2026-03-01")
        listed = {each["name"]: each for each in (await client.get("/v1/metrics")).json()["data"]}
        assert (listed["calm"]["custom"], listed["nps"]["custom"]) == (True, False)
        assert listed["calm"]["dimensions"] == listed["nps"]["dimensions"]

    async def test_tell_nothing_of_too_few(self, metrics: Harness, account: UUID) -> None:
        await made(metrics.client(account=account), expression="nps + 0")
        await tell(metrics, account, *nps(2, 0, 0))
        answer = await ask(metrics.client("metrics:read", account=account), "calm", **MARCH)
        assert (answer["value"], answer["parts"][0]["withheld"]) == (None, "too_few")

    async def test_that_cannot_be_given_say_why(self, metrics: Harness, account: UUID) -> None:
        client = metrics.client(account=account)
        await made(client, expression="nps - backlog")
        apart = await client.get("/v1/metrics/calm", params={"by": "touchpoint"})
        assert apart.json()["errors"][0]["code"] == "unknown_dimension"
        compared = await client.get("/v1/metrics/calm", params={"compare": "previous"})
        assert compared.json()["errors"][0]["code"] == "not_comparable"
        assert (await client.get("/v1/metrics/calm/rows")).status_code == 404

    async def test_are_the_accounts_own(self, metrics: Harness, account: UUID) -> None:
        path = f"/v1/custom-metrics/{(await made(metrics.client(account=account)))['id']}"
        other = metrics.client(account=new_id())
        assert (await other.get("/v1/metrics/calm")).status_code == 404
        assert [(await other.get(path)).status_code, (await other.delete(path)).status_code] == [404, 404]
        assert (await metrics.anonymous().get("/v1/custom-metrics")).status_code == 401
        reader = metrics.client("metrics:read", account=account)
        assert (await reader.post("/v1/custom-metrics", json=CALM)).status_code == 403
