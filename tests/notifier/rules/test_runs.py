"""What rules do, exactly once, and what `/v1/rule-runs` tells of it."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.notifier.rules.matching import MOST_RUNS_IN_A_CHAIN
from shared.bus.events import decode_event, encode_event
from shared.contracts.base import ActorKind, Payload
from shared.contracts.notifier import RuleRan, SurveyRequested, TicketRequested
from shared.contracts.tickets import Origin, TicketResolved
from shared.ids import new_id
from shared.testing.harness import TESTER, Harness
from tests.notifier.builders import (
    a_customer,
    an_account,
    feedback,
    messages_of,
    ticket_opened,
    ticket_reopened,
    ticket_resolved,
)
from tests.notifier.rules.test_rules import OPEN_TICKET, created


async def runs_of(notifier: Harness, account: UUID, **query: Any) -> list[dict[str, Any]]:
    answer = await notifier.client("rules:read", account=account).get("/v1/rule-runs", params=query)
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


class TestARun:
    async def test_says_what_was_done_why_and_by_whom(self, notifier: Harness, account: UUID) -> None:
        rule = await created(notifier, account, name="Watch", condition="data.rating.value < 5")
        event = await notifier.deliver(feedback(notifier.clock.now(), score=2), account=account)
        [run] = await runs_of(notifier, account)
        assert (run["rule_name"], run["outcome"], run["reason"]) == ("Watch", "ran", None)
        assert (run["event_id"], run["actor"]) == (str(event.id), f"rule:{rule['id']}")
        [step] = run["steps"]
        assert (step["state"], step["input"]["type"]) == ("done", "open_ticket")
        assert step["detail"].startswith("ticket requested")

    async def test_that_did_not_happen_says_why(self, notifier: Harness, account: UUID) -> None:
        await created(notifier, account, condition="data.rating.value < 5")
        await notifier.deliver(feedback(notifier.clock.now(), score=9), account=account)
        await notifier.deliver(feedback(notifier.clock.now(), rating=None), account=account)
        unmatched = await runs_of(notifier, account, outcome="not_matched")
        assert "the condition does not hold" in {run["reason"] for run in unmatched}
        assert len(unmatched) == 2

    async def test_marks_its_effects_with_the_rule_and_the_event(self, notifier: Harness, account: UUID) -> None:
        rule = await created(notifier, account)
        event = await notifier.deliver(feedback(notifier.clock.now()), account=account)
        for effect in await notifier.emitted(account, TicketRequested, RuleRan):
            assert (effect.actor.kind, effect.actor.id) == (ActorKind.RULE, rule["id"])
            assert effect.causation_id == event.id
            assert effect.correlation_id == event.correlation_id

    async def test_names_the_team_that_the_ticket_is_for(self, notifier: Harness, account: UUID) -> None:
        team_id = new_id()
        action = {"type": "open_ticket", "subject": "Call back", "team_id": str(team_id)}
        await created(notifier, account, actions=[action])
        await notifier.deliver(feedback(notifier.clock.now()), account=account)
        asked = [event.data for event in await notifier.emitted(account, TicketRequested)]
        assert team_id in {one.team_id for one in asked if isinstance(one, TicketRequested)}

    async def test_happens_once_however_often_the_event_arrives(self, notifier: Harness, account: UUID) -> None:
        await created(notifier, account)
        raw = notifier.event(feedback(notifier.clock.now()), account=account)
        await asyncio.gather(*(notifier.deliver_raw([raw]) for _ in range(5)))
        assert len(await notifier.emitted(account, TicketRequested)) == 1
        assert len(await runs_of(notifier, account)) == 1

    async def test_of_a_batch_is_one_for_each_event(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        said = [feedback(notifier.clock.now(), score=score) for score in (1, 9, 2, 10, 3)]
        await notifier.deliver_raw([notifier.event(one, account=account) for one in said])
        requests = await notifier.emitted(account, TicketRequested)
        assert {request.data.feedback_id for request in requests} == {  # type: ignore[attr-defined]
            one.feedback_id for one in said if one.rating and one.rating.value < 7
        }

    async def test_without_a_customer_skips_what_needs_one(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        survey = {"type": "send_survey", "kind": "csat"}
        await created(notifier, account, event_type=TicketResolved.TYPE, actions=[OPEN_TICKET, survey])
        await notifier.deliver(ticket_resolved(None, notifier.clock.now()), account=account)
        [run] = await runs_of(notifier, account, outcome="ran")
        assert [step["state"] for step in run["steps"]] == ["done", "skipped"]
        assert run["steps"][1]["detail"] == "the event names no customer"


class TestAnAnswerFromLongAgo:
    async def test_opens_nothing_and_mails_nobody(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        long_ago = notifier.clock.now() - timedelta(days=3, seconds=1)
        await notifier.deliver(feedback(long_ago), account=account)
        assert await notifier.emitted(account, TicketRequested) == []
        [run] = await runs_of(notifier, account)
        assert run["outcome"] == "too_old"
        assert run["reason"].startswith("it happened on 2026-02-27")

    async def test_leaves_no_record_if_it_would_not_have_mattered(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        long_ago = notifier.clock.now() - timedelta(days=30)
        await notifier.deliver(feedback(long_ago, score=9), account=account)
        assert await runs_of(notifier, account) == []

    async def test_of_just_within_the_limit_still_counts(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        await notifier.deliver(feedback(notifier.clock.now() - timedelta(days=3)), account=account)
        assert len(await notifier.emitted(account, TicketRequested)) == 1


class TestACircle:
    async def test_is_broken_after_a_few_rounds(self, notifier: Harness, account: UUID) -> None:
        """Each event is caused by what the rule did about the one before, as in a loop through another service."""
        await created(notifier, account)
        cause = None
        for _ in range(MOST_RUNS_IN_A_CHAIN + 3):
            raw = encode_event(
                feedback(notifier.clock.now()),
                event_id=new_id(),
                subject=new_id(),
                time=notifier.clock.now(),
                account_id=account,
                actor=TESTER,
                correlation_id=new_id(),
                causation_id=cause,
            )
            await notifier.deliver_raw([raw])
            requested = await notifier.emitted(account, TicketRequested)
            if len(requested) == MOST_RUNS_IN_A_CHAIN:
                cause = decode_event(raw).id
                continue
            await notifier.deliver_raw([requested[-1].raw])
            cause = requested[-1].id
        assert len(await notifier.emitted(account, TicketRequested)) == MOST_RUNS_IN_A_CHAIN
        assert len(await runs_of(notifier, account, outcome="loop")) == 3

    async def test_is_not_seen_where_there_is_only_one_cause(self, notifier: Harness, account: UUID) -> None:
        """Many answers that came with one request share a cause and are no circle."""
        await created(notifier, account)
        cause = new_id()
        bodies = [
            encode_event(
                feedback(notifier.clock.now()),
                event_id=new_id(),
                subject=new_id(),
                time=notifier.clock.now(),
                account_id=account,
                actor=TESTER,
                correlation_id=cause,
                causation_id=cause,
            )
            for _ in range(20)
        ]
        await notifier.deliver_raw(bodies)
        assert len(await notifier.emitted(account, TicketRequested)) == 20


class TestADelayedAction:
    async def resolved(self, notifier: Harness, account: UUID) -> UUID:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account)
        event = await notifier.deliver(ticket_resolved(ana, notifier.clock.now()), account=account)
        return event.id

    async def test_shows_when_it_is_due_and_then_what_came_of_it(self, notifier: Harness, account: UUID) -> None:
        event_id = await self.resolved(notifier, account)
        [run] = await runs_of(notifier, account, event_id=str(event_id))
        assert [step["state"] for step in run["steps"]] == ["done", "scheduled"]
        assert run["steps"][1]["due_at"] == "2026-03-02T10:00:00Z"
        notifier.clock.advance(timedelta(hours=1))
        await notifier.run_timers()
        [run] = await runs_of(notifier, account, event_id=str(event_id))
        assert run["steps"][1]["state"] == "done"
        [request] = await notifier.emitted(account, SurveyRequested)
        assert request.actor.kind == ActorKind.RULE
        assert request.causation_id == event_id

    async def test_is_dropped_if_rules_are_paused_when_it_is_due(self, notifier: Harness, account: UUID) -> None:
        event_id = await self.resolved(notifier, account)
        await notifier.client(account=account).post("/v1/rules/pause-all")
        notifier.clock.advance(timedelta(hours=2))
        await notifier.run_timers()
        assert await notifier.emitted(account, SurveyRequested) == []
        [run] = await runs_of(notifier, account, event_id=str(event_id))
        assert (run["steps"][1]["state"], run["steps"][1]["detail"]) == ("canceled", "rules are paused")

    @pytest.mark.parametrize("method", ["PATCH", "DELETE"])
    async def test_is_dropped_if_its_rule_was_switched_off_or_deleted(
        self, notifier: Harness, account: UUID, method: str
    ) -> None:
        survey = {"type": "send_survey", "kind": "csat", "delay_seconds": 60}
        rule = await created(notifier, account, event_type=TicketResolved.TYPE, actions=[survey])
        await notifier.deliver(ticket_resolved(new_id(), notifier.clock.now()), account=account)
        body = {"enabled": False} if method == "PATCH" else None
        changed = await notifier.client(account=account).request(method, f"/v1/rules/{rule['id']}", json=body)
        assert changed.is_success
        notifier.clock.advance(timedelta(minutes=2))
        await notifier.run_timers()
        assert await notifier.emitted(account, SurveyRequested) == []
        [run] = await runs_of(notifier, account)
        assert [step["state"] for step in run["steps"]] == ["canceled"]


class TestUnless:
    """A reopening voids the question that waits after the resolution before it, whatever arrives first."""

    async def waiting(self, notifier: Harness, account: UUID, order: Sequence[Sequence[int]]) -> list[str]:
        """Resolved, reopened, resolved; delivered in batches of this order. Returns the states of both questions."""
        await an_account(notifier, account)
        ticket_id = new_id()
        now = notifier.clock.now()
        resolved = ticket_resolved(await a_customer(notifier, account), now, ticket_id=ticket_id)
        story: list[Payload] = [resolved, ticket_reopened(ticket_id, now), resolved]
        raw = [notifier.event(told, account=account, subject=ticket_id) for told in story]
        for batch in order:
            await notifier.deliver_raw([raw[place] for place in batch])
        runs = sorted(await runs_of(notifier, account, outcome="ran"), key=lambda run: str(run["event_id"]))
        return [step["state"] for run in runs for step in run["steps"] if step["input"]["type"] == "send_survey"]

    @pytest.mark.parametrize("order", [[[0], [1], [2]], [[0, 1, 2]], [[1], [0], [2]], [[2], [1], [0]], [[2], [0], [1]]])
    async def test_only_the_last_resolution_is_asked_about(
        self, notifier: Harness, account: UUID, order: Sequence[Sequence[int]]
    ) -> None:
        assert await self.waiting(notifier, account, order) == ["canceled", "scheduled"]


class TestWhoIsAcknowledged:
    async def test_not_somebody_whose_ticket_was_opened_by_hand(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account)
        by_hand = Origin(kind="human", feedback_id=None, rule_id=None, request_id=None)
        await notifier.deliver(ticket_opened(ana, notifier.clock.now(), origin=by_hand), account=account)
        assert await messages_of(notifier, account) == []
