"""Surveys that come again, each person in a rhythm of their own."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import ceil
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from services.survey.recurrence.rhythm import first_round, following_round
from shared.contracts.customers import SegmentMembershipChanged
from shared.contracts.survey import InvitationCreated
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.survey.asking import join, set_contact_policy
from tests.survey.building import know_customer, open_survey

DAY = timedelta(days=1)
CALLS = ("GET", "PUT", "DELETE")


class TestAccess:
    @pytest.mark.parametrize("method", CALLS)
    async def test_needs_a_credential(self, survey: Harness, method: str) -> None:
        answer = await survey.anonymous().request(method, f"/v1/surveys/{new_id()}/recurrence", json={})
        assert answer.status_code == 401

    @pytest.mark.parametrize("method", CALLS)
    async def test_another_accounts_survey_is_not_there(self, survey: Harness, account: UUID, method: str) -> None:
        live = await open_survey(survey.client(account=account))
        path = f"/v1/surveys/{live['id']}/recurrence"
        assert (await survey.client(account=account).get(path)).status_code == 404
        await recur(survey, account, live)
        other = survey.client(account=new_id())
        assert (await other.request(method, path, json={"every_days": 30})).status_code == 404


class TestRhythm:
    async def test_is_each_persons_own_and_the_rounds_are_numbered(self, survey: Harness, account: UUID) -> None:
        """Complaint: recurring surveys with waves that can be compared; the anchor of others is the survey's start."""
        people = [await know_customer(survey, account, email=f"c{n}@example.com") for n in range(5)]
        live = await open_survey(survey.client(account=account), cooldown_days=0)
        await recur(survey, account, live, every_days=30, expires_in_days=5)
        asked = await let_pass(survey, account, days=92)
        for person in people:
            mine = [(wave, day) for customer, wave, day in asked if customer == person]
            assert [wave for wave, _ in mine] == list(range(1, len(mine) + 1))
            assert len(mine) >= 3
            assert {later - earlier for (_, earlier), (_, later) in pairwise(mine)} == {30}
        assert len({day % 30 for _, _, day in asked}) > 1

    async def test_may_start_at_a_date_in_the_record(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account, attributes={"contract_start": "2025-12-12"})
        live = await open_survey(survey.client(account=account), cooldown_days=0)
        await recur(survey, account, live, every_days=90, anchor_attribute="contract_start", expires_in_days=5)
        # 90 days after 12 December is 12 March, ten days from now.
        assert await let_pass(survey, account, days=11) == [(ana, 1, 10)]

    async def test_a_gate_delays_a_round_and_does_not_move_the_next(self, survey: Harness, account: UUID) -> None:
        await know_customer(survey, account, attributes={"since": "2026-03-02T09:00:00Z"})
        live = await open_survey(survey.client(account=account), cooldown_days=0)
        other = await open_survey(survey.client(account=account))
        await set_contact_policy(survey, account, gap_days=4, budgets=[])
        await survey.client(account=account).post(
            f"/v1/surveys/{other['id']}/invitations", json={"customers": [{"email": "ana@example.com"}]}
        )
        await recur(survey, account, live, every_days=30, anchor_attribute="since", expires_in_days=5)
        rounds = [day for _, _, day in await let_pass(survey, account, days=31) if day]
        assert rounds == [4, 30]

    async def test_who_left_the_segment_is_not_asked(self, survey: Harness, account: UUID) -> None:
        segment = new_id()
        ana = await know_customer(survey, account, attributes={"since": "2026-03-05"})
        bo = await know_customer(survey, account, email="bo@example.com", attributes={"since": "2026-03-05"})
        await know_customer(survey, account, email="cy@example.com", attributes={"since": "2026-03-05"})
        await join(survey, account, segment, ana, bo)
        live = await open_survey(survey.client(account=account))
        await recur(survey, account, live, segment_id=str(segment), anchor_attribute="since")
        await survey.run_timers()
        left = SegmentMembershipChanged(segment_id=segment, segment_name="A segment", left=(bo,))
        await survey.deliver(left, account=account, subject=segment, version=2)
        assert [customer for customer, _, _ in await let_pass(survey, account, days=5)] == [ana]

    async def test_stops_when_told(self, survey: Harness, account: UUID) -> None:
        await know_customer(survey, account)
        client = survey.client(account=account)
        live = await open_survey(client)
        await recur(survey, account, live, every_days=7)
        path = f"/v1/surveys/{live['id']}/recurrence"
        assert (await client.get(path)).json()["every_days"] == 7
        assert (await client.delete(path)).status_code == 204
        assert await let_pass(survey, account, days=8) == []


class TestRounds:
    NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    MONTH = timedelta(days=30)

    def test_a_drawn_start_lies_within_the_first_period(self) -> None:
        days = {(first_round(self.NOW, self.MONTH, lot=n / 100, anchor=None) - self.NOW).days for n in range(100)}
        assert days == set(range(30))

    @pytest.mark.parametrize(
        ("anchor", "days"), [("2026-03-02T09:00:00Z", 0), ("2026-03-12T09:00:00Z", 10), ("2026-02-01T09:00:00Z", 1)]
    )
    def test_an_anchor_is_kept_whichever_side_of_today(self, anchor: str, days: int) -> None:
        assert first_round(self.NOW, self.MONTH, lot=0.5, anchor=anchor) - self.NOW == timedelta(days=days)

    @pytest.mark.parametrize("anchor", ["soon", 5, None, ""])
    def test_what_is_no_date_is_no_anchor(self, anchor: Any) -> None:
        assert first_round(self.NOW, self.MONTH, lot=0, anchor=anchor) == self.NOW

    def test_missed_rounds_are_left_out(self) -> None:
        assert following_round(self.NOW, self.MONTH, 1, self.NOW) == (2, self.NOW + self.MONTH)
        late = self.NOW + timedelta(days=100)
        assert following_round(self.NOW, self.MONTH, 1, late) == (4, self.NOW + timedelta(days=90))


async def recur(survey: Harness, account: UUID, live: dict[str, Any], **fields: Any) -> None:
    path = f"/v1/surveys/{live['id']}/recurrence"
    answer = await survey.client(account=account).put(path, json={"every_days": 30} | fields)
    assert answer.status_code == 200, answer.text


async def let_pass(survey: Harness, account: UUID, *, days: int) -> list[tuple[UUID, int | None, int]]:
    """Who was asked in which round on which day, counted from now."""
    started = survey.clock.now()
    day = -1
    # Most days bring nothing.
    while (due_at := await next_due(survey, account)) is not None:
        day = max(day + 1, ceil((due_at - started) / DAY))
        if day > days:
            break
        survey.clock.advance(started + day * DAY - survey.clock.now())
        await survey.run_timers()
    events = await survey.emitted(account, InvitationCreated)
    return [
        (event.data.customer_id, event.data.wave, (event.time - started).days)
        for event in events
        if isinstance(event.data, InvitationCreated) and event.data.cause == "wave"
    ]


async def next_due(survey: Harness, account: UUID) -> datetime | None:
    timers = survey.runtime.database.tables.timers
    mine = (timers.c.account_id == account) & timers.c.dead.is_(None)
    async with survey.runtime.database.transaction(None) as session:
        due_at: datetime | None = await session.scalar(select(func.min(timers.c.due_at)).where(mine))
        return due_at
