"""Counting anew, beside what answers come from, while facts keep coming and going."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from services.metrics.facts.service import record
from services.metrics.rollups import rebuilding
from services.metrics.rollups.counting import differences
from services.metrics.rollups.models import Generation, rollups
from shared.bus.subscriptions import Timer
from shared.contracts.feedback import FeedbackErased, FeedbackReceived
from shared.contracts.gateway import AccountCreated, AccountUpdated
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.metrics.builders import NOON, feedback, heard, rating, updated

TIMER = Timer(new_id(), rebuilding.STEP, "", NOON, {}, 0)
# Half and quarter hours, half an hour of summer, clocks that go back over midnight, a day that was left out.
ZONES = [
    *("Asia/Kolkata", "Asia/Kathmandu", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"),
    *("America/St_Johns", "Atlantic/Azores", "America/Sao_Paulo", "Pacific/Apia", "Pacific/Kiritimati", "Africa/Cairo"),
]


def seam(zone: str, year: int) -> list[datetime]:
    """The instants of a year, to the hour, at which the zone's clocks are about to change or have just done so."""
    hours = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(hours=n) for n in range(366 * 24)]
    offsets = [hour.astimezone(ZoneInfo(zone)).utcoffset() for hour in hours]
    return [hours[n] for n in range(1, len(hours)) if offsets[n] != offsets[n - 1]] or [hours[0]]


async def settle(metrics: Harness, account: UUID) -> None:
    """Have all that is due happen, for this account alone."""
    for _ in range(100):
        async with metrics.work(account) as work:
            _, building = await rebuilding.present(work)
            if building is None:
                return
            await rebuilding.take_step(work, TIMER)
    raise AssertionError("it never ends")


async def told_zone(metrics: Harness, account: UUID, zone: str, version: int = 2) -> None:
    changed = AccountUpdated(account_id=account, name="Acme", locale="en", timezone=zone)
    await metrics.deliver(changed, account=account, subject=account, version=version)


async def wrong_cells(metrics: Harness, account: UUID) -> int:
    async with metrics.work(account) as work:
        return await differences(work)


async def spoil(metrics: Harness, account: UUID) -> None:
    async with metrics.work(account) as work:
        await work.session.execute(rollups.update().values(s9=rollups.c.s9 + 1))


async def counts_by_day(metrics: Harness, account: UUID, start: date, end: date) -> tuple[str, dict[str, int], int]:
    """The zone, how many on each day with any, and how many rows there are."""
    client, window = metrics.client(account=account), {"from": str(start), "to": str(end)}
    answer = (await client.get("/v1/metrics/nps", params=window | {"interval": "day"})).json()
    rows = (await client.get("/v1/metrics/nps/rows", params=window | {"limit": 100})).json()["data"]
    return answer["time_zone"], {each["from"]: each["n"] for each in answer["series"] if each["n"]}, len(rows)


class TestTimeZones:
    async def test_a_day_is_one_of_the_accounts(self, metrics: Harness, account: UUID) -> None:
        created = AccountCreated(account_id=account, name="Acme", locale="en", timezone="Asia/Kolkata")
        await metrics.deliver(created, account=account, subject=account)
        # Half past six in the evening in UTC is midnight in Kolkata.
        for minute in (29, 30):
            said = feedback(occurred_at=datetime(2026, 3, 1, 18, minute, tzinfo=UTC))
            await metrics.deliver(said, account=account)
        zone, days, _ = await counts_by_day(metrics, account, date(2026, 3, 1), date(2026, 3, 3))
        assert (zone, days) == ("Asia/Kolkata", {"2026-03-01": 1, "2026-03-02": 1})
        *_, rows = await counts_by_day(metrics, account, date(2026, 3, 2), date(2026, 3, 3))
        assert rows == 1

    async def test_today_and_instants_are_the_accounts(self, metrics: Harness, account: UUID) -> None:
        await told_zone(metrics, account, "Pacific/Kiritimati")
        metrics.clock.advance(datetime(2026, 3, 1, 11, tzinfo=UTC) - metrics.clock.now())
        client = metrics.client(account=account)
        # It is the second of March over there, so the window ends before the third.
        assert (await client.get("/v1/metrics/nps")).json()["to"] == "2026-03-03"
        answer = await client.get("/v1/metrics/nps", params={"from": "2026-02-28T10:00:00Z", "to": "2026-03-02"})
        assert answer.json()["from"] == "2026-03-01"
        refused = await client.get("/v1/metrics/nps", params={"from": "2026-02-28T00:00:00Z"})
        assert refused.status_code == 422
        assert "Pacific/Kiritimati" in refused.text

    @settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.data())
    async def test_answers_rows_and_cells_agree_with_local_dates_around_changes_of_the_clocks(
        self, metrics: Harness, data: st.DataObject
    ) -> None:
        account, zone = new_id(), data.draw(st.sampled_from(ZONES))
        seams = seam(zone, data.draw(st.sampled_from([2007, 2011, 2018, 2024])))
        minutes = data.draw(st.lists(st.integers(-1600, 1600), min_size=1, max_size=12))
        moments = [data.draw(st.sampled_from(seams)) + timedelta(minutes=minute) for minute in minutes]
        order = data.draw(st.booleans())
        if order:
            await told_zone(metrics, account, zone)
        await metrics.deliver_raw([metrics.event(feedback(occurred_at=at), account=account) for at in moments])
        if not order:
            await told_zone(metrics, account, zone)
            await settle(metrics, account)
        local = sorted(at.astimezone(ZoneInfo(zone)).date() for at in moments)
        assert await wrong_cells(metrics, account) == 0
        for day in {*local, local[0] + timedelta(days=1)}:
            expected = {str(day): local.count(day)} if day in local else {}
            found = await counts_by_day(metrics, account, day, day + timedelta(days=1))
            assert found == (zone, expected, local.count(day))

    async def test_a_change_counts_anew_while_old_numbers_are_served(self, metrics: Harness, account: UUID) -> None:
        await metrics.deliver(feedback(occurred_at=datetime(2026, 3, 1, 23, tzinfo=UTC)), account=account)
        march = (date(2026, 3, 1), date(2026, 4, 1))
        await told_zone(metrics, account, "Europe/Berlin")
        client = metrics.client(account=account)
        progress = (await client.get("/v1/metrics/rebuild")).json()
        assert (progress["state"], progress["time_zone"], progress["expected"]) == ("building", "Europe/Berlin", 1)
        assert await counts_by_day(metrics, account, *march) == ("UTC", {"2026-03-01": 1}, 1)
        await metrics.run_timers()
        assert await counts_by_day(metrics, account, *march) == ("Europe/Berlin", {"2026-03-02": 1}, 1)
        progress = (await client.get("/v1/metrics/rebuild")).json()
        assert (progress["state"], progress["counted"], progress["corrected"]) == ("done", 1, None)

    async def test_older_news_and_unknown_zones_change_nothing(self, metrics: Harness, account: UUID) -> None:
        await told_zone(metrics, account, "Europe/Berlin", version=3)
        await told_zone(metrics, account, "America/New_York", version=2)
        await told_zone(metrics, account, "Mars/Olympus", version=4)
        zone, *_ = await counts_by_day(metrics, account, date(2026, 3, 1), date(2026, 4, 1))
        assert zone == "Europe/Berlin"

    async def test_a_change_that_is_taken_back_leaves_all_as_it_was(self, metrics: Harness, account: UUID) -> None:
        await metrics.deliver(feedback(), account=account)
        await told_zone(metrics, account, "Europe/Berlin", version=2)
        await told_zone(metrics, account, "UTC", version=3)
        assert (await metrics.client(account=account).get("/v1/metrics/rebuild")).json()["state"] == "done"
        await metrics.run_timers()
        metrics.clock.advance(rebuilding.KEPT)
        await metrics.run_timers()
        async with metrics.work(account) as work:
            assert (await work.session.scalars(select(Generation.time_zone))).all() == ["UTC"]
        assert await wrong_cells(metrics, account) == 0


class TestRebuilding:
    async def test_needs_a_credential(self, metrics: Harness) -> None:
        assert (await metrics.anonymous().post("/v1/metrics/rebuild")).status_code == 401
        assert (await metrics.anonymous().get("/v1/metrics/rebuild")).status_code == 401

    async def test_of_one_account_leaves_the_other_alone(self, metrics: Harness, account: UUID) -> None:
        other = new_id()
        await metrics.deliver(feedback(), account=other)
        await spoil(metrics, other)
        assert (await metrics.client(account=account).post("/v1/metrics/rebuild")).status_code == 202
        await metrics.run_timers()
        assert await wrong_cells(metrics, other) == 1

    async def test_needs_the_scope_to_write(self, metrics: Harness, account: UUID) -> None:
        reader = metrics.client("metrics:read", account=account)
        assert (await reader.post("/v1/metrics/rebuild")).status_code == 403
        assert (await reader.get("/v1/metrics/rebuild")).status_code == 404

    async def test_puts_right_what_differs_says_how_much_and_forgets_what_was(
        self, metrics: Harness, account: UUID
    ) -> None:
        for channel in ("email", "link"):
            await metrics.deliver(feedback(channel=channel), account=account)
        await spoil(metrics, account)
        client = metrics.client(account=account)
        for corrected in (2, 0):
            assert (await client.post("/v1/metrics/rebuild")).json()["corrected"] is None
            await metrics.run_timers()
            assert (await client.get("/v1/metrics/rebuild")).json()["corrected"] == corrected
            assert await wrong_cells(metrics, account) == 0
        metrics.clock.advance(rebuilding.KEPT)
        await metrics.run_timers()
        async with metrics.work(account) as work:
            assert len((await work.session.execute(select(rollups.c.generation))).all()) == 2

    async def test_asked_for_twice_is_one(self, metrics: Harness, account: UUID) -> None:
        await metrics.deliver(feedback(), account=account)
        client = metrics.client(account=account)
        first, second = [(await client.post("/v1/metrics/rebuild")).json() for _ in range(2)]
        assert first == second

    @settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.data())
    async def test_is_exact_whatever_comes_changes_and_goes_between_its_stretches(
        self, metrics: Harness, data: st.DataObject
    ) -> None:
        account = new_id()
        days = st.integers(0, 4)
        before = [self.said(data.draw(days), data.draw(days)) for _ in range(data.draw(st.integers(1, 8)))]
        await metrics.deliver_raw([metrics.event(each, account=account) for each in before])
        await told_zone(metrics, account, "Asia/Kolkata")
        known = list(before)
        for version in range(2, 60):
            async with metrics.work(account) as work:
                _, building = await rebuilding.present(work)
                if building is None:
                    break
                building.seconds = 3600 * data.draw(st.integers(1, 30))
                await work.session.flush()
                await rebuilding.take_step(work, TIMER)
            match data.draw(st.sampled_from(["comes", "changes", "goes", "nothing"])):
                case "comes":
                    known.append(self.said(data.draw(days), data.draw(days)))
                    await metrics.deliver(known[-1], account=account)
                case "changes":
                    moved = updated(
                        data.draw(st.sampled_from(known)), occurred_at=NOON + timedelta(days=data.draw(days))
                    )
                    await metrics.deliver(moved, account=account, version=version)
                case "goes":
                    gone = data.draw(st.sampled_from(known))
                    nobody: dict[str, Any] = dict.fromkeys(("response_id", "survey_id", "customer_id"))
                    erased = FeedbackErased(feedback_id=gone.feedback_id, reason="respondent", erased_at=NOON, **nobody)
                    await metrics.deliver(erased, account=account)
        assert await wrong_cells(metrics, account) == 0
        async with metrics.work(account) as work:
            serving, building = await rebuilding.present(work)
            assert (serving.time_zone, building) == ("Asia/Kolkata", None)

    async def test_loses_nothing_that_is_written_at_the_same_time(self, metrics: Harness, account: UUID) -> None:
        await metrics.deliver_raw([metrics.event(self.said(n % 5, n % 11), account=account) for n in range(50)])
        await told_zone(metrics, account, "Asia/Kolkata")

        async def add(number: int) -> None:
            async with metrics.work(account) as work:
                await record(work, heard([self.said(number % 5, number % 11) for number in range(number, number + 7)]))

        await asyncio.gather(settle(metrics, account), *(add(number) for number in range(8)))
        assert await wrong_cells(metrics, account) == 0
        _, days, _ = await counts_by_day(metrics, account, date(2026, 2, 1), date(2026, 4, 1))
        assert sum(days.values()) == 50 + 8 * 7

    @pytest.mark.parametrize(("count", "longer"), [(0, 8), (5_000, 8), (50_000, 1), (500_000, 0.1)])
    def test_stretches_are_as_long_as_they_hold_much(self, count: int, longer: float) -> None:
        assert rebuilding._next_seconds(1000, count) == 1000 * longer

    def said(self, day: int, score: int) -> FeedbackReceived:
        """At half past seven in the evening, which is the next day in Kolkata."""
        return feedback(occurred_at=NOON + timedelta(days=day, hours=7), rating=rating("nps", score))
