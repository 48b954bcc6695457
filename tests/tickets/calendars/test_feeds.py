"""Feeds of holidays: other people's files, from other people's servers."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.tickets.app import SERVICE
from services.tickets.calendars.ical import Dates, Feed, dates_in
from services.tickets.calendars.renewing import LARGEST_FEED, RENEWALS
from shared.testing.harness import Harness
from tests.conftest import HarnessFactory
from tests.notifier.receiver import Receiver, a_receiver
from tests.tickets.builders import get, post
from tests.tickets.calendars.test_calendars import calendar

EVENT = "BEGIN:VEVENT\r\nUID:{uid}\r\nSUMMARY:{name}\r\n{lines}\r\nEND:VEVENT\r\n"


def ical(*events: tuple[str, str]) -> str:
    told = "".join(EVENT.format(uid=uid, name=name, lines=lines) for uid, (name, lines) in enumerate(events))
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//EN\r\n{told}END:VCALENDAR\r\n"


def read(*events: tuple[str, str]) -> dict[str, str]:
    found = dates_in(Feed(text=ical(*events), first=date(2026, 1, 1), last=date(2027, 12, 31)))
    assert found.problem is None
    return {day.isoformat(): name for day, name in found.dates.items()}


def answer(body: str, status: str = "200 OK") -> bytes:
    content = body.encode()
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content


@pytest.fixture
async def desk(harness: HarnessFactory) -> Harness:
    return await harness(SERVICE, webhook_allow_cidrs="127.0.0.0/8")


@pytest.fixture
async def server() -> AsyncIterator[Receiver]:
    async with a_receiver() as receiver:
        yield receiver


class TestReading:
    def test_all_day_events_are_holidays(self) -> None:
        found = read(
            ("Works outing", "DTSTART;VALUE=DATE:20260603\r\nDTEND;VALUE=DATE:20260605"),
            ("One day", "DTSTART;VALUE=DATE:20260701"),
            ("Three days", "DTSTART;VALUE=DATE:20260801\r\nDURATION:P3D"),
            ("Lunch", "DTSTART:20260901T120000Z\r\nDTEND:20260901T130000Z"),
            ("Called off", "DTSTART;VALUE=DATE:20261001\r\nSTATUS:CANCELLED"),
            ("Long ago", "DTSTART;VALUE=DATE:20200101"),
        )
        assert found == {
            "2026-06-03": "Works outing",
            "2026-06-04": "Works outing",
            "2026-07-01": "One day",
            "2026-08-01": "Three days",
            "2026-08-02": "Three days",
            "2026-08-03": "Three days",
        }

    def test_what_recurs_recurs_but_for_its_exceptions(self) -> None:
        found = read(
            ("Founding day", "DTSTART;VALUE=DATE:20100505\r\nRRULE:FREQ=YEARLY"),
            (
                "Quarter",
                "DTSTART;VALUE=DATE:20260101\r\nRRULE:FREQ=MONTHLY;INTERVAL=3;COUNT=4\r\nEXDATE;VALUE=DATE:20260401",
            ),
        )
        assert sorted(found) == ["2026-01-01", "2026-05-05", "2026-07-01", "2026-10-01", "2027-05-05"]

    @pytest.mark.parametrize("text", ["", "<html>Sign in</html>", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n"])
    def test_what_is_no_calendar_says_so(self, text: str) -> None:
        found = dates_in(Feed(text=text, first=date(2026, 1, 1), last=date(2027, 12, 31)))
        assert found == Dates() or found.problem == "it is not an iCalendar file"

    def test_too_many_dates_are_refused(self) -> None:
        text = ical(*[(f"Year {number}", "DTSTART;VALUE=DATE:20260101\r\nRRULE:FREQ=DAILY") for number in range(2)])
        found = dates_in(Feed(text=text, first=date(2026, 1, 1), last=date(2046, 12, 31)))
        assert found.problem == "it has more than 5000 dates"


class TestRefreshing:
    async def made(self, desk: Harness, account: UUID, server: Receiver) -> dict[str, Any]:
        url = f"http://127.0.0.1:{server.port}/holidays.ics"
        return await post(desk.client(account=account), "/v1/calendars", 201, **calendar(feed_url=url))

    async def test_dates_of_the_feed_make_a_version(self, desk: Harness, account: UUID, server: Receiver) -> None:
        server.answer = answer(ical(("Works outing", "DTSTART;VALUE=DATE:20260603")))
        client, made = desk.client(account=account), await self.made(desk, account, server)
        assert (made["version"], made["feed"]["read_at"]) == (1, None)
        await RENEWALS.run_due(desk.runtime)
        path = f"/v1/calendars/{made['id']}"
        after = await get(client, path)
        assert (after["version"], after["feed"]["dates"], after["feed"]["problem"]) == (2, 1, None)
        [holiday] = (await get(client, f"{path}/holidays"))["data"]
        assert (holiday["date"], holiday["source"]) == ("2026-06-03", "feed")

    async def test_it_is_read_once_a_day_and_nothing_new_makes_no_version(
        self, desk: Harness, account: UUID, server: Receiver
    ) -> None:
        server.answer = answer(ical(("Works outing", "DTSTART;VALUE=DATE:20260603")))
        client, made = desk.client(account=account), await self.made(desk, account, server)
        await RENEWALS.run_due(desk.runtime)
        asked = len(server.received)
        await RENEWALS.run_due(desk.runtime)
        assert len(server.received) == asked
        desk.clock.advance(timedelta(days=1))
        await RENEWALS.run_due(desk.runtime)
        assert len(server.received) == asked + 1
        assert (await get(client, f"/v1/calendars/{made['id']}"))["version"] == 2

    @pytest.mark.parametrize(
        ("said", "problem"),
        [
            (answer("gone", "410 Gone"), "its server answered 410"),
            (answer("", "302 Found"), "its server answered 302"),
            (answer("<html>"), "it is not an iCalendar file"),
            (answer("x" * (LARGEST_FEED + 1)), "it is larger than 1 MB, or came too slowly"),
        ],
    )
    async def test_a_day_on_which_it_cannot_be_read_leaves_what_was_read(
        self, desk: Harness, account: UUID, server: Receiver, said: bytes, problem: str
    ) -> None:
        server.answer = answer(ical(("Works outing", "DTSTART;VALUE=DATE:20260603")))
        client, made = desk.client(account=account), await self.made(desk, account, server)
        await RENEWALS.run_due(desk.runtime)
        server.answer = said
        path = f"/v1/calendars/{made['id']}"
        assert (await client.post(f"{path}/refresh")).status_code == 202
        await RENEWALS.run_due(desk.runtime)
        after = await get(client, path)
        assert (after["feed"]["problem"], after["feed"]["dates"], after["version"]) == (problem, 1, 2)

    async def test_a_name_that_leads_to_a_private_address_is_not_read(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        made = await post(client, "/v1/calendars", 201, **calendar(feed_url="https://localhost.localdomain/x.ics"))
        await RENEWALS.run_due(tickets.runtime)
        feed = (await get(client, f"/v1/calendars/{made['id']}"))["feed"]
        assert feed["read_at"] is not None
        assert feed["problem"] in (
            "it cannot be read: the address is not on the public internet",
            "its server did not answer",
        )

    async def test_a_rule_that_recurs_every_second_holds_up_nobody(
        self, desk: Harness, account: UUID, server: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("services.tickets.calendars.renewing._SECONDS", 2.0)
        server.answer = answer(ical(("Bomb", "DTSTART;VALUE=DATE:19700101\r\nRRULE:FREQ=SECONDLY")))
        client, made = desk.client(account=account), await self.made(desk, account, server)
        await RENEWALS.run_due(desk.runtime)
        feed = (await get(client, f"/v1/calendars/{made['id']}"))["feed"]
        assert (feed["problem"], feed["dates"]) == ("it could not be understood in time", 0)
