"""Numbers told apart by one thing or two, and filtered by what answers are about."""

import random
from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from shared.testing.harness import Harness
from tests.metrics.builders import feedback, index, rating
from tests.metrics.scores.test_metrics import MARCH, answers, ask, rows, tell

DIMENSIONS = ("variant", "location", "product", "wave")


class TestDimensions:
    async def test_tells_variants_apart_as_it_tells_channels_apart(self, metrics: Harness, account: UUID) -> None:
        said = answers(10, 9, 3, channel="email", dimensions={"variant": "short"})
        said += answers(2, 3, channel="web", dimensions={"variant": "long"}) + answers(8, channel="api")
        said += [feedback(rating=rating("nps", 10), completed=False, channel="web", dimensions={"variant": "long"})]
        await tell(metrics, account, said)
        client = metrics.client(account=account)
        one = await ask(client, "nps", **MARCH, dimension="variant", interval="month")
        other = await ask(client, "nps", **MARCH, by="channel", interval="month")
        assert (one["dimension"], one["by"]) == ("variant", None)
        assert {point["group"]: point["n"] for point in one["series"]} == {"long": 2, "short": 3, None: 1}
        same = {"short": "email", "long": "web", None: "api"}
        by_channel = {point["group"]: point for point in other["series"]}
        for point in one["series"]:
            twin = by_channel[same[point["group"]]]
            names: dict[str, Any] = dict.fromkeys(("group", "label", "groups", "labels"))
            assert point | names == twin | names
        assert (one["value"], one["n"], one["excluded"]) == (other["value"], other["n"], other["excluded"])

    @pytest.mark.parametrize(
        ("asked", "names"),
        [
            ({"by": "channel,touchpoint"}, ["channel", "touchpoint"]),
            ({"by": "touchpoint,channel"}, ["touchpoint", "channel"]),
            ({"by": "channel,variant"}, ["channel", "variant"]),
            ({"by": "locale,product"}, ["locale", "product"]),
            ({"by": "location", "dimension": "wave"}, ["location", "wave"]),
        ],
    )
    async def test_tells_apart_by_two_things_at_once(
        self, metrics: Harness, account: UUID, asked: dict[str, str], names: list[str]
    ) -> None:
        dice, expected = random.Random(7), Counter[tuple[str | None, ...]]()
        said = []
        for _ in range(60):
            has = {name: dice.choice(["a", "b", None]) for name in ("touchpoint", "language", *DIMENSIONS)}
            has["channel"] = dice.choice(["a", "b"])
            own = {name: value for name in DIMENSIONS if (value := has[name]) is not None}
            of_fact = {name: has[name] for name in ("channel", "touchpoint", "language")}
            said += answers(dice.randint(0, 10), **of_fact, dimensions=own)
            expected[tuple(has["language" if name == "locale" else name] for name in names)] += 1
        await tell(metrics, account, said)
        answer = await ask(metrics.client(account=account), "nps", **MARCH, **asked)
        assert answer["dimensions"] == names
        assert {tuple(point["groups"]): point["n"] for point in answer["series"]} == expected
        assert all(
            (point["group"], point["labels"]) == (point["groups"][0], point["groups"]) for point in answer["series"]
        )
        assert (answer["n"], answer["value"]) == (
            60,
            (await ask(metrics.client(account=account), "nps", **MARCH))["value"],
        )

    async def test_of_an_index_are_exact_too(self, metrics: Harness, account: UUID) -> None:
        for exact, wave in (("47.25", "1"), ("48.50", "1"), ("91.75", "2")):
            said = feedback(rating=None, ratings=(index("c", exact),), channel=f"no {wave}", dimensions={"wave": wave})
            await tell(metrics, account, [said])
        client = metrics.client(account=account)
        by_wave = (await ask(client, "csi", **MARCH, dimension="wave"))["series"]
        by_channel = (await ask(client, "csi", **MARCH, by="channel"))["series"]
        names: dict[str, Any] = dict.fromkeys(("group", "label", "groups", "labels"))
        assert [point | names for point in by_wave] == [point | names for point in by_channel]
        assert [point["value"] for point in by_wave] == [47.88, 91.75]

    async def test_may_be_called_like_something_else(self, metrics: Harness, account: UUID) -> None:
        await tell(metrics, account, answers(9, channel="email", dimensions={"channel": "phone"}))
        answer = await ask(metrics.client(account=account), "nps", **MARCH, dimension="channel")
        assert [point["group"] for point in answer["series"]] == ["phone"]

    @pytest.mark.parametrize("name", ["locale", "variant", "location", "product"])
    async def test_can_be_filtered_and_followed_to_its_rows(self, metrics: Harness, account: UUID, name: str) -> None:
        is_own = name != "locale"
        for value, count in (("a", 3), ("b", 2)):
            fields = {"dimensions": {name: value}} if is_own else {"language": value}
            await tell(metrics, account, answers(*([9] * count), **fields))
        client, filters = metrics.client(account=account), {f"filter[{name}]": "a"}
        answer = await ask(client, "nps", **MARCH, **filters, interval="week")
        assert (answer["n"], len(await rows(client, "nps", **MARCH, **filters))) == (3, 3)
        assert len((await client.get(answer["rows"])).json()["data"]) == 3

    async def test_is_by_product_and_location_whatever_kind_of_feedback_names_them(
        self, metrics: Harness, account: UUID
    ) -> None:
        await tell(metrics, account, answers(9, product_ref="lamp", location_ref="Brno"))
        answer = await ask(metrics.client(account=account), "nps", **MARCH, by="product,location")
        assert [point["groups"] for point in answer["series"]] == [["lamp", "Brno"]]

    @pytest.mark.parametrize(
        "asked",
        [
            *({"by": by} for by in ("channel,channel", "channel,touchpoint,survey", "channel,nothing", "")),
            {"by": "channel,touchpoint", "dimension": "wave"},
            {"dimension": "no such; thing"},
        ],
    )
    async def test_by_three_things_or_one_twice_is_refused(
        self, metrics: Harness, account: UUID, asked: dict[str, str]
    ) -> None:
        refused = await metrics.client(account=account).get("/v1/metrics/nps", params=MARCH | asked)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] in ("query:by", "query:dimension")

    async def test_by_what_there_is_not_is_refused_with_what_there_is(self, metrics: Harness, account: UUID) -> None:
        refused = await metrics.client(account=account).get("/v1/metrics/nps", params={"by": "channel,mood"})
        said = refused.json()["errors"][0]["detail"]
        assert "`channel`, `touchpoint`" in said
        assert "^(" not in said
