"""Conditions on attributes that the account has defined: refused where they could only be a mistake."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.ids import new_id
from shared.testing.harness import Harness
from tests.customers.segments.building import PATH, attribute, customer, hear, members, segment

DEFINED: list[dict[str, Any]] = [
    {"name": "born", "kind": "date"},
    {"name": "seen", "kind": "time"},
    {"name": "visits", "kind": "number"},
    {"name": "vip", "kind": "boolean"},
    {"name": "motto", "kind": "text"},
    {"name": "level", "kind": "choice", "choices": [{"value": "basic"}, {"value": "gold"}]},
]
NOON = "2026-03-01T12:00:00Z"


async def defined(customers: Harness, account: UUID) -> httpx.AsyncClient:
    client = customers.client(account=account)
    for body in DEFINED:
        assert (await client.post("/v1/attributes", json=body)).status_code == 201
    return client


async def found(client: httpx.AsyncClient, condition: Any) -> list[str]:
    answer = await client.post(f"{PATH}/preview", json={"condition": condition})
    assert answer.status_code == 200, answer.text
    return sorted(person["name"] for person in answer.json()["sample"])


class TestConditionsOnDefinedAttributes:
    @pytest.mark.parametrize(
        ("wrong", "pointer", "says"),
        [
            (attribute("born", "nope", "lt"), "/value", "born is defined as date: the value has to be a day such as"),
            (attribute("born", NOON, "lt"), "/value", "date"),
            (attribute("born", "19", "begins_with"), "/op", "date: the operator has to be one of: eq, one_of, lt"),
            (attribute("born", ["2000-01-01", "x"], "one_of"), "/value/1", "a day"),
            (attribute("seen", "2026-03-01", "gte"), "/value", "a time with its zone"),
            (attribute("visits", "abc", "gt"), "/value", "visits is defined as number: the value has to be a number"),
            (attribute("visits", True), "/value", "a number"),
            (attribute("vip", "yes"), "/value", "vip is defined as boolean: the value has to be true or false."),
            (attribute("vip", 1, "gt"), "/op", "eq, one_of, known, unknown"),
            (attribute("motto", 7), "/value", "text"),
            (
                attribute("level", "platinum"),
                "/value",
                "level is defined as choice: the value has to be one of: basic,",
            ),
            (attribute("level", ["gold", "platinum"], "one_of"), "/value/1", "basic, gold"),
            (attribute("level", "a", "gt"), "/op", "choice"),
            (
                attribute("levle", "gold"),
                "/name",
                "it is not defined; these are: born, level, motto, seen, vip, visits",
            ),
        ],
    )
    async def test_are_refused_if_they_do_not_suit(
        self, customers: Harness, account: UUID, wrong: dict[str, Any], pointer: str, says: str
    ) -> None:
        client = await defined(customers, account)
        right = attribute("level", "gold")
        segment_id = await segment(client, "Gold", right)
        body = {"condition": {"type": "all", "conditions": [right, {"type": "not", "condition": wrong}]}}
        for refused in (
            await client.post(f"{PATH}/preview", json=body),
            await client.post(PATH, json=body | {"name": "Odd"}),
            await client.patch(f"{PATH}/{segment_id}", json=body),
        ):
            assert refused.status_code == 422
            [problem] = refused.json()["errors"]
            assert problem["pointer"] == f"/condition/conditions/1/condition{pointer}"
            assert says in problem["detail"]

    async def test_name_every_problem_at_once(self, customers: Harness, account: UUID) -> None:
        client = await defined(customers, account)
        nowhere = {"type": "segment", "segment_id": str(new_id())}
        wrong = [attribute("born", "nope", "lt"), nowhere, attribute("vip", 1, "gt"), attribute("other", 1)]
        refused = await client.post(f"{PATH}/preview", json={"condition": {"type": "any", "conditions": wrong}})
        places = [problem["pointer"].removeprefix("/condition/conditions/") for problem in refused.json()["errors"]]
        assert places == ["0/value", "1/segment_id", "2/op", "3/name"]

    @pytest.mark.parametrize(
        "right",
        [
            attribute("born", "2000-02-29", "lte"),
            attribute("seen", NOON, "gt"),
            attribute("visits", 1.5, "gte"),
            attribute("vip", False),
            attribute("motto", "a", "contains"),
            attribute("level", ["gold"], "one_of"),
            {"type": "attribute", "name": "vip", "op": "known"},
            attribute("nickname", 7, "gt"),
        ],
    )
    async def test_are_taken_if_they_suit(self, customers: Harness, account: UUID, right: dict[str, Any]) -> None:
        client = await defined(customers, account)
        await customer(client, "ana", attributes={"nickname": 8})
        assert await found(client, right) in (["ana"], [])

    async def test_may_ask_for_anything_if_nothing_is_defined(self, customers: Harness, account: UUID) -> None:
        assert await found(customers.client(account=account), attribute("born", "nope", "lt")) == []

    async def test_know_only_the_definitions_and_customers_of_their_account(
        self, customers: Harness, account: UUID
    ) -> None:
        await defined(customers, account)
        other = customers.client(account=new_id())
        assert (await other.post("/v1/attributes", json={"name": "mine", "kind": "text"})).status_code == 201
        await customer(customers.client(account=account), "ana", attributes={"nickname": "a"})
        for name in ("born", "nickname"):
            refused = await other.post(f"{PATH}/preview", json={"condition": attribute(name, "nope", "lt")})
            assert [problem["pointer"] for problem in refused.json()["errors"]] == ["/condition/name"]


class TestDaysAndMoments:
    async def test_are_compared_as_what_they_are(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        odd = ("nope", "0", "1999-13-01", "1999-02-29", "0000-01-01", "1999-12-31T25:00:00Z", "1999-12-31", 7, True)
        for index, value in enumerate(odd):
            # A day is none where a moment is asked for, and the other way round.
            own = {"seen": value} if value == "1999-12-31" else {"born": value, "seen": value}
            await customer(client, f"odd{index}", attributes=own)
        await defined(customers, account)
        await customer(client, "ana", attributes={"born": "1999-12-31", "seen": "2026-03-01T12:30:00+01:00"})
        await customer(client, "bo", attributes={"born": "2000-02-29", "seen": "2026-03-01T13:00:00+01:00"})
        await customer(client, "cy", attributes={"born": "2000-12-31", "seen": "2026-03-01T11:30:00-01:00"})
        for op, day, moment in (
            ("lt", ["ana"], ["ana"]),
            ("lte", ["ana", "bo"], ["ana", "bo"]),
            ("eq", ["bo"], ["bo"]),
            ("gte", ["bo", "cy"], ["bo", "cy"]),
            ("gt", ["cy"], ["cy"]),
        ):
            assert await found(client, attribute("born", "2000-02-29", op)) == day
            assert await found(client, attribute("seen", NOON, op)) == moment
        assert await found(client, attribute("seen", [NOON, "2026-03-01T12:30:00Z"], "one_of")) == ["bo", "cy"]

    async def test_keep_a_segment_current(self, customers: Harness, account: UUID) -> None:
        client = await defined(customers, account)
        segment_id = await segment(client, "Seen lately", attribute("seen", NOON, "gte"))
        await customers.run_timers()
        await customer(client, "ana", attributes={"seen": "2026-03-01T13:00:00+01:00"})
        await customer(client, "bo", attributes={"seen": "2026-03-01T12:59:59+01:00"})
        await hear(customers, account)
        assert await members(client, segment_id) == {"ana"}

    async def test_of_a_condition_older_than_the_definition_find_nobody(
        self, customers: Harness, account: UUID
    ) -> None:
        client = customers.client(account=account)
        segment_id = await segment(client, "Old", attribute("born", "nope", "lt"))
        await defined(customers, account)
        await customer(client, "ana", attributes={"born": "2000-01-01"})
        await customers.run_timers()
        assert await members(client, segment_id) == set()
