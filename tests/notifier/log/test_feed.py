"""`/v1/events`: everything that happened, numbered, in order, for polling."""

import asyncio
import json
from uuid import UUID

import pytest

from services.notifier.log import repository
from services.notifier.log.schemas import type_filter
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.notifier.builders import feedback, published


class TestListingEvents:
    async def test_is_for_nobody_anonymous(self, notifier: Harness) -> None:
        assert (await notifier.anonymous().get("/v1/events")).status_code == 401

    async def test_shows_nothing_of_another_account(self, notifier: Harness, account: UUID) -> None:
        await notifier.deliver(published(), account=account)
        answer = await notifier.client(account=new_id()).get("/v1/events")
        assert answer.json() == {"data": [], "next_cursor": None, "next_after": 0}

    async def test_needs_its_scope(self, notifier: Harness, account: UUID) -> None:
        assert (await notifier.client("messages:read", account=account).get("/v1/events")).status_code == 403

    async def test_gives_the_bytes_that_travelled_plus_a_number(self, notifier: Harness, account: UUID) -> None:
        event = await notifier.deliver(published(name='a "quoted" näme'), account=account)
        answer = await notifier.client(account=account).get("/v1/events")
        assert event.raw[:-1] + b',"sequence":1}' in answer.content
        assert answer.json()["data"][0]["id"] == str(event.id)

    async def test_pages_without_skipping_or_repeating(self, notifier: Harness, account: UUID) -> None:
        for _ in range(7):
            await notifier.deliver(published(), account=account)
        client, seen, path = notifier.client(account=account), [], "/v1/events?limit=3"
        for _ in range(3):
            answer = await client.get(path)
            seen += [event["sequence"] for event in answer.json()["data"]]
            path = answer.links["next"]["url"] if "next" in answer.links else ""
        assert path == ""
        assert seen == [1, 2, 3, 4, 5, 6, 7]

    async def test_goes_on_after_a_number(self, notifier: Harness, account: UUID) -> None:
        for _ in range(3):
            await notifier.deliver(published(), account=account)
        answer = (await notifier.client(account=account).get("/v1/events", params={"after": 2})).json()
        assert [event["sequence"] for event in answer["data"]] == [3]
        assert answer["next_after"] == 3

    async def test_filters_by_type_and_by_the_beginning_of_one(self, notifier: Harness, account: UUID) -> None:
        await notifier.deliver(published(), account=account)
        await notifier.deliver(feedback(notifier.clock.now()), account=account)
        client = notifier.client(account=account)
        for types, wanted in {
            "heed.survey.*": [1, 2],
            "heed.survey.feedback.*": [2],
            "heed.survey.survey.published.v1,heed.tickets.*": [1],
            "heed.tickets.*": [],
            "*": [1, 2],
        }.items():
            answer = (await client.get("/v1/events", params={"types": types})).json()
            assert [event["sequence"] for event in answer["data"]] == wanted, types
            assert answer["next_after"] == 2, "what was filtered out has been looked at all the same"

    @pytest.mark.parametrize(
        "query", ["types=Not%20one", "types=a%25b", "after=-1", "limit=0", "limit=1001", "cursor=x"]
    )
    async def test_names_the_parameter_that_is_wrong(self, notifier: Harness, account: UUID, query: str) -> None:
        answer = await notifier.client(account=account).get(f"/v1/events?{query}")
        assert answer.status_code == 422
        assert query.split("=")[0] in answer.json()["errors"][0]["pointer"]

    async def test_looks_at_a_bounded_window_and_says_how_far_it_got(
        self, notifier: Harness, account: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(repository, "WINDOW", 2)
        for _ in range(3):
            await notifier.deliver(published(), account=account)
        client = notifier.client(account=account)
        answer = (await client.get("/v1/events", params={"types": "heed.tickets.*"})).json()
        assert answer == {"data": [], "next_cursor": "2", "next_after": 2}


class TestNumbering:
    async def test_has_no_gaps_when_batches_arrive_at_once(self, notifier: Harness, account: UUID) -> None:
        batches = [[notifier.event(published(), account=account) for _ in range(10)] for _ in range(8)]
        await asyncio.gather(*(notifier.deliver_raw(batch) for batch in batches))
        answer = await notifier.client(account=account).get("/v1/events", params={"limit": 1000})
        assert [event["sequence"] for event in answer.json()["data"]] == list(range(1, 81))

    async def test_counts_an_event_once_that_is_delivered_twice(self, notifier: Harness, account: UUID) -> None:
        first, second = (notifier.event(published(), account=account) for _ in range(2))
        await notifier.deliver_raw([first, second])
        await notifier.deliver_raw([second, first])
        await notifier.deliver(published(), account=account)
        answer = await notifier.client(account=account).get("/v1/events")
        assert [event["sequence"] for event in answer.json()["data"]] == [1, 2, 3]

    async def test_of_one_account_does_not_move_another(self, notifier: Harness, account: UUID) -> None:
        await notifier.deliver(published(), account=new_id())
        await notifier.deliver(published(), account=account)
        answer = await notifier.client(account=account).get("/v1/events")
        assert [event["sequence"] for event in answer.json()["data"]] == [1]

    def test_adds_the_number_as_the_last_member(self) -> None:
        assert json.loads(repository.numbered(b'{"a":{"b":1}}', 12)) == {"a": {"b": 1}, "sequence": 12}


class TestTypeFilters:
    def test_an_empty_one_takes_everything(self) -> None:
        assert type_filter("").takes("heed.survey.survey.published.v1")
        assert type_filter(" , ").takes("heed.survey.survey.published.v1")

    def test_an_exact_one_takes_no_more_than_that(self) -> None:
        assert not type_filter("heed.survey").takes("heed.survey.survey.published.v1")

    @pytest.mark.parametrize("value", ["a b", "A", "heed.*.v1", "**", "x_y", "%", ",".join(["a"] * 51)])
    def test_anything_else_is_refused(self, value: str) -> None:
        with pytest.raises(ValueError, match="type"):
            type_filter(value)
