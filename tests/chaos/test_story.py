"""R-18, R-19, R-20: whatever the bus does to the events, the story ends the same."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.bus import inbox
from shared.contracts.notifier import MessageSent
from shared.contracts.tickets import LoopAdvanced, TicketOpened
from shared.ids import new_id
from shared.testing.databases import Databases, create_database
from tests.chaos.story import SCORES, Shuffled, ask, get_to_know, hand_in, hire, state_of, tell
from tests.system.world import World, open_world

State = dict[str, Counter[str]]


@pytest.fixture(scope="module")
async def whole(databases: Databases, worker_id: str) -> Databases:
    """A database for all services, beside that of the probe."""
    return await create_database(f"{worker_id}_whole_{new_id().hex[-6:]}")


@pytest.fixture(scope="module")
async def expected(whole: Databases) -> AsyncIterator[State]:
    """The story as it should go."""
    async with open_world(whole) as world:
        await tell(world)
        yield await state_of(world, whole.url)


async def told_by(whole: Databases, courier: Shuffled) -> State:
    async with open_world(whole, courier) as world:
        await tell(world)
        return await state_of(world, whole.url)


def differences(one: State, other: State) -> dict[str, tuple[Any, Any]]:
    return {name: (one[name] - other[name], other[name] - one[name]) for name in one if one[name] != other.get(name)}


@pytest.mark.slow
class TestTheSameStory:
    def test_has_something_to_tell(self, expected: State) -> None:
        unhappy = sum(score <= 6 for score in SCORES.values())
        assert sum(expected["tickets.tickets"].values()) == unhappy
        assert sum(expected["metrics.facts"].values()) == len(SCORES) + 1 + unhappy
        assert sum(expected[f"said {LoopAdvanced.TYPE}"].values()) > unhappy
        assert sum(expected[f"said {MessageSent.TYPE}"].values()) > 3 * unhappy

    @pytest.mark.parametrize("seed", [1, 2])
    async def test_three_times_and_in_any_order_ends_the_same(
        self, whole: Databases, expected: State, seed: int
    ) -> None:
        told = await told_by(whole, Shuffled(seed))
        assert differences(expected, told) == {}
        assert told.keys() == expected.keys()

    async def test_without_the_inbox_this_would_end_differently(
        self, whole: Databases, expected: State, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def everything_is_new(*values: Any) -> set[UUID]:
            return set(values[4])

        monkeypatch.setattr(inbox, "remember", everything_is_new)
        try:
            told = await told_by(whole, Shuffled(1))
        except AssertionError:
            return  # it did not even come to an end
        assert differences(expected, told) != {}


@pytest.mark.slow
class TestLateEvents:
    async def test_a_month_old_answer_counts_in_its_month_and_moves_nothing(self, whole: Databases) -> None:
        async with open_world(whole) as world:
            await hire(world)
            survey_id = await ask(world, await get_to_know(world))
            then = world["survey"].clock.now() - timedelta(days=30)
            before = await self.moved(world)
            await hand_in(world, survey_id, "gina", 0, then)
            await world.settle()
            assert await self.moved(world) == before
            day = then.date()
            query = f"/v1/metrics/nps?from={day}&to={day + timedelta(days=1)}"
            answer = (await world["metrics"].client(account=world.account).get(query)).json()
            assert (answer["n"], answer["value"]) == (1, -100)
            # The same answer from today: this is what it would have moved.
            await hand_in(world, survey_id, "hugo", 0)
            await world.settle()
            assert await self.moved(world) != before

    async def moved(self, world: World) -> tuple[int, int]:
        """Tickets, and messages to customers."""
        tickets = await world["tickets"].emitted(world.account, TicketOpened)
        messages = await world["notifier"].client(account=world.account).get("/v1/messages?limit=100")
        return len(tickets), len(messages.json()["data"])
