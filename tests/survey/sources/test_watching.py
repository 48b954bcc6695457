"""One alert for a source that went silent or started failing, and one when it works again.

Seen to fail: the trouble told at each look, the rhythm taken from the mean pause instead of the longest; of what is not
announced the time it takes, and the recovery by asking.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.survey.sources import health
from services.survey.sources import service as sources
from services.survey.sources.intake import hooks_of
from services.survey.sources.watching import EVERY, Seen, learned_silence, trouble_in
from shared.contracts.sources import SourceRecovered, SourceTroubled
from shared.testing.harness import Harness
from tests.survey.hearing.making import Sender, outcomes, review
from tests.survey.sources.toy import connected, read_all, send

NOW = datetime(2026, 3, 30, 12, tzinfo=UTC)
HOURLY = [NOW - timedelta(days=20) + timedelta(hours=n) for n in range(24 * 18)]
# On working days only: five at noon, then a pause of three days.
WORKDAYS = [NOW - timedelta(days=days) for days in range(28, 1, -1) if (NOW - timedelta(days=days)).weekday() < 5]


def seen(
    arrivals: Sequence[datetime] = (),
    refused: Mapping[str, int] | None = None,
    unreadable: int = 0,
    silent_after: timedelta | None = None,
    unannounced: int = 0,
) -> Seen:
    last = arrivals[-1] if arrivals else None
    return Seen(arrivals, refused or {}, unreadable, last, NOW - timedelta(days=40), silent_after, unannounced)


class TestTrouble:
    @pytest.mark.parametrize(
        ("what", "trouble"),
        [
            (seen(HOURLY), "silent"),
            (seen([*HOURLY, NOW - timedelta(hours=23)]), None),
            (seen(WORKDAYS), None),
            (seen(HOURLY[:19]), None),
            (seen(silent_after=timedelta(days=30)), "silent"),
            (seen(HOURLY, silent_after=timedelta(days=3)), None),
            (seen(HOURLY, {"wrong_signature": 2, "stale": 1}), "failing"),
            (seen([*HOURLY, NOW], {"wrong_signature": 2}), None),
            (seen([*HOURLY, NOW], unreadable=3), "failing"),
            (seen(HOURLY, unannounced=3), "unannounced"),
            (seen([*HOURLY, NOW], unannounced=2), None),
        ],
    )
    def test_is_seen_in(self, what: Seen, trouble: str | None) -> None:
        found = trouble_in(what, NOW)
        assert (found[0] if found else None) == trouble

    def test_is_told_in_words(self) -> None:
        assert (trouble_in(seen(HOURLY), NOW) or ())[:2] == (
            "silent",
            "Nothing has come for 2.0 days, and never paused for more than 12 hours before.",
        )
        assert (trouble_in(seen((), {"wrong_signature": 4}), NOW) or ())[:2] == (
            "failing",
            "The last 4 requests were refused: the signature does not fit the secret (4).",
        )

    def test_a_weekend_is_part_of_the_rhythm(self) -> None:
        assert learned_silence(WORKDAYS) == timedelta(days=6)


class TestASource:
    async def look(self, survey: Harness) -> None:
        survey.clock.advance(EVERY)
        await survey.run_timers()

    async def refuse(self, survey: Harness, source: dict[str, Any]) -> None:
        for _ in range(3):
            assert (await send(survey, source, secret="not the one agreed on")).status_code == 401
        await hooks_of(survey.runtime).rejections.write_down()

    async def test_that_fails_is_told_once_and_recovers_once(self, survey: Harness, account: UUID) -> None:
        client: httpx.AsyncClient = survey.client(account=account)
        source = await connected(client)
        await self.refuse(survey, source)
        for _ in range(2):
            await self.look(survey)
        [troubled] = [event.data for event in await survey.emitted(account, SourceTroubled)]
        assert isinstance(troubled, SourceTroubled)
        assert (troubled.trouble, troubled.name) == ("failing", "Toys")
        shown = (await client.get(f"/v1/sources/{source['id']}")).json()["trouble"]
        assert shown["kind"] == "failing"
        assert shown["remedy"].startswith("Compare the secrets")
        await send(survey, source)
        await read_all(survey, account)
        await self.look(survey)
        assert len(await survey.emitted(account, SourceRecovered)) == 1
        assert len(await survey.emitted(account, SourceTroubled)) == 1
        assert (await client.get(f"/v1/sources/{source['id']}")).json()["trouble"] is None

    async def test_that_is_silent_for_longer_than_was_said_is_told(self, survey: Harness, account: UUID) -> None:
        source = await connected(survey.client(account=account), silent_after_days=2)
        await send(survey, source)
        await read_all(survey, account)
        survey.clock.advance(timedelta(days=2) - 2 * EVERY)
        await self.look(survey)
        assert await survey.emitted(account, SourceTroubled) == []
        for _ in range(3):
            await self.look(survey)
        [troubled] = [event.data for event in await survey.emitted(account, SourceTroubled)]
        assert isinstance(troubled, SourceTroubled)
        assert troubled.trouble == "silent"


class TestWhatIsNotAnnounced:
    async def look(self, survey: Harness) -> None:
        survey.clock.advance(EVERY)
        await survey.run_timers()

    async def test_is_told_when_it_used_to_be(self, survey: Harness, account: UUID) -> None:
        """Google has one topic for each account, and another tool may take it."""
        client: httpx.AsyncClient = survey.client(account=account)
        settings = {"account": "accounts/1", "push_service_account": "push@heed-demo.iam.gserviceaccount.com"}
        secrets = {"client_id": "id", "client_secret": "secret", "refresh_token": "token"}
        made = await connected(client, adapter="google_business", settings=settings, secrets=secrets)
        found = Sender(UUID(made["id"]), "google_business")

        async def polled(count: int, name: str) -> None:
            at = survey.clock.now()
            reviews = [review(f"{name}{number}", occurred_at=at) for number in range(count)]
            await outcomes(survey, account, found, *reviews)
            survey.clock.advance(timedelta(hours=2))
            await self.look(survey)

        # Nobody has set notifications up: then asking is all there is.
        await polled(3, "before")
        async with survey.work(account) as work:
            source = await sources.read_to_change(work, found.id)
            await health.was_heard(work, source, work.now - timedelta(seconds=1))
        await polled(2, "two")
        assert await survey.emitted(account, SourceTroubled) == []
        await polled(1, "third")
        [troubled] = [event.data for event in await survey.emitted(account, SourceTroubled)]
        assert isinstance(troubled, SourceTroubled)
        assert (troubled.trouble, "one topic" in troubled.remedy) == ("unannounced", True)
        # That it answers when it is asked is no recovery, a notification is.
        async with survey.work(account) as work:
            source = await sources.read_to_change(work, found.id)
            await health.went_well(work, source)
            assert source.trouble == "unannounced"
            await health.was_heard(work, source, work.now)
        assert len(await survey.emitted(account, SourceRecovered)) == 1

    async def test_may_be_on_its_way(self, survey: Harness, account: UUID) -> None:
        made = await connected(survey.client(account=account), adapter="trustpilot", settings={}, secrets={})
        async with survey.work(account) as work:
            source = await sources.read_to_change(work, UUID(made["id"]))
            await health.was_heard(work, source, work.now)
        survey.clock.advance(timedelta(minutes=1))
        reviews = [review(f"r{number}", occurred_at=survey.clock.now()) for number in range(3)]
        await outcomes(survey, account, Sender(UUID(made["id"])), *reviews)
        await self.look(survey)
        assert await survey.emitted(account, SourceTroubled) == []
