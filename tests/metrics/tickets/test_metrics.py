"""The metrics of tickets, asked over HTTP."""

import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.metrics.tickets.catalogue import TICKET_CATALOGUE
from shared.contracts.conversations import ConversationHandedOff
from shared.contracts.customers import CustomerMerged
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.metrics.builders import NOON, analytics, record_of
from tests.metrics.tickets.builders import RULE, Desk

MARCH = {"from": "2026-03-01", "to": "2026-04-01"}
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def metrics(metrics: Harness) -> Harness:
    """At noon of the first of March."""
    metrics.clock.advance(NOON - metrics.clock.now())
    return metrics


async def ask(metrics: Harness, account: UUID, name: str, **params: Any) -> dict[str, Any]:
    """With the check that the rows are as many as the answer says."""
    client = metrics.client(account=account)
    response = await client.get(f"/v1/metrics/{name}", params=MARCH | params)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    counts = {None: answer["n"]} | answer["excluded"]
    for reason, n in counts.items():
        more = {} if reason is None else {"excluded": reason}
        rows = await client.get(answer["rows"], params=dict(client.params) | _query(answer["rows"]) | more)
        assert rows.status_code == 200, rows.text
        assert (reason, len(rows.json()["data"])) == (reason, n)
    return answer


def _query(address: str) -> dict[str, str]:
    return dict(part.split("=") for part in address.partition("?")[2].split("&"))


async def counted(metrics: Harness, account: UUID, name: str, **params: Any) -> tuple[Any, int, dict[str, int]]:
    answer = await ask(metrics, account, name, **params)
    return answer["value"], answer["n"], {reason: n for reason, n in answer["excluded"].items() if n}


async def groups(metrics: Harness, account: UUID, name: str, by: str) -> dict[str | None, Any]:
    answer = await ask(metrics, account, name, by=by)
    return {point["group"]: point["value"] for point in answer["series"]}


class TestAsking:
    async def test_needs_a_credential(self, metrics: Harness) -> None:
        assert (await metrics.anonymous().get("/v1/metrics/resolution")).status_code == 401
        assert (await metrics.anonymous().get("/v1/metrics/resolution/rows")).status_code == 401

    async def test_about_another_accounts_tickets_finds_none(self, metrics: Harness, account: UUID) -> None:
        ticket = await Desk(metrics, account).open()
        await ticket.reply(seconds=1)
        await ticket.resolve()
        for name in TICKET_CATALOGUE:
            answer = await ask(metrics, new_id(), name)
            assert (answer["n"], answer["watermark"]) == (0, None)

    async def test_without_tickets_gives_null_and_never_0(self, metrics: Harness, account: UUID) -> None:
        for name in TICKET_CATALOGUE.keys() - {"backlog"}:
            answer = await ask(metrics, account, name)
            assert (answer["value"], answer["n"], answer["interval"]) == (None, 0, None)

    @pytest.mark.parametrize("more", [{"by": "touchpoint"}, {"by": "target"}, {"dimension": "variant"}])
    async def test_tells_apart_only_by_what_tickets_have(
        self, metrics: Harness, account: UUID, more: dict[str, str]
    ) -> None:
        response = await metrics.client(account=account).get("/v1/metrics/resolution", params=MARCH | more)
        assert response.status_code == 422
        assert response.json()["errors"][0]["code"] == "unknown_dimension"

    async def test_filters_only_by_what_the_metric_has(self, metrics: Harness, account: UUID) -> None:
        client = metrics.client(account=account)
        for path in ("nps?filter[priority]=high", "resolution/rows?filter[touchpoint]=shop"):
            response = await client.get(f"/v1/metrics/{path}")
            assert response.json()["errors"][0]["code"] == "unknown_dimension"

    async def test_for_a_reason_that_the_metric_does_not_have_is_refused(self, metrics: Harness, account: UUID) -> None:
        client = metrics.client(account=account)
        for path in ("nps/rows?excluded=pending", "resolution/rows?excluded=incomplete"):
            assert (await client.get(f"/v1/metrics/{path}")).json()["errors"][0]["code"] == "unknown_reason"


class TestTimes:
    async def test_are_given_with_their_spread_and_all_that_belongs_to_it(
        self, metrics: Harness, account: UUID
    ) -> None:
        tickets = [await Desk(metrics, account).open() for _ in range(10)]
        for ticket in tickets:
            metrics.clock.advance(HOUR)
            await ticket.reply(seconds=600)
        answer = await ask(metrics, account, "first_response")
        assert (answer["value"], answer["n"], answer["scale"], answer["bands"]) == (19800.0, 10, None, None)
        assert answer["interval"] == {"low": 7200.0, "high": 32400.0, "level": 0.95}
        assert answer["durations"]["p90"] == {"value": 32760.0, "interval": None}
        assert answer["durations"]["mean"]["value"] == 19800.0
        assert answer["rows"] == "/v1/metrics/first_response/rows?from=2026-03-01&to=2026-04-01"
        assert answer["watermark"] == "2026-03-01T22:00:00Z"
        assert (await ask(metrics, account, "first_response_business"))["value"] == 600

    async def test_of_answers_are_those_of_people_in_tickets_that_go_on(self, metrics: Harness, account: UUID) -> None:
        ticket, merged = await Desk(metrics, account).open(), await Desk(metrics, account).open()
        await ticket.reply(actor=RULE)
        assert (await ask(metrics, account, "first_response"))["value"] is None
        metrics.clock.advance(HOUR)
        await ticket.reply(seconds=60)
        await merged.reply(seconds=60)
        await merged.update("merged")
        assert await counted(metrics, account, "first_response") == (3600, 1, {"merged": 1})

    async def test_told_by_an_older_version_are_not_guessed(self, metrics: Harness, account: UUID) -> None:
        await (await Desk(metrics, account).open()).reply()
        assert await counted(metrics, account, "first_response_business") == (None, 0, {"unmeasured": 1})

    async def test_to_a_solution_are_those_of_the_one_that_lasted(self, metrics: Harness, account: UUID) -> None:
        ticket = await Desk(metrics, account).open()
        metrics.clock.advance(HOUR)
        await ticket.resolve(seconds=100)
        assert (await ask(metrics, account, "resolution"))["value"] == 3600
        await ticket.reopen()
        assert (await ask(metrics, account, "resolution"))["value"] is None
        metrics.clock.advance(HOUR)
        await ticket.resolve(seconds=300)
        assert (await ask(metrics, account, "resolution"))["value"] == 7200
        assert (await ask(metrics, account, "resolution_business"))["value"] == 300

    async def test_after_a_handoff_are_counted_from_there(self, metrics: Harness, account: UUID) -> None:
        ticket = await Desk(metrics, account).open()
        metrics.clock.advance(HOUR)
        handoff: dict[str, Any] = {
            "conversation_id": new_id(),
            "reason": "customer_asked",
            "bot_replies": 2,
            "bot_seconds": 9,
        }
        await ticket.tell(ConversationHandedOff, **handoff, handed_off_at=ticket.now, due_at=ticket.now)
        metrics.clock.advance(HOUR)
        await ticket.reply(seconds=60)
        assert await groups(metrics, account, "first_response", "handled_by") == {"mixed": 3600}


class TestShares:
    async def test_of_kept_promises_go_by_when_they_were_due(self, metrics: Harness, account: UUID) -> None:
        first = await Desk(metrics, account).open()
        await first.meet("first_response", NOON + 4 * HOUR)
        await first.miss("resolution", NOON + 24 * HOUR)
        waiting = await Desk(metrics, account).open(solution=24 * 60)
        answer = await ask(metrics, account, "sla_attainment")
        assert (answer["value"], answer["n"], answer["excluded"]["pending"]) == (50, 2, 1)
        assert answer["bands"] == {"negative": 1, "neutral": 0, "positive": 1}
        assert answer["interval"] == {"low": 9.45, "high": 90.55, "level": 0.95}
        await waiting.resolve()
        assert await counted(metrics, account, "sla_attainment") == (50, 2, {"cancelled": 1})
        assert await groups(metrics, account, "sla_attainment", "target") == {"first_response": 100, "resolution": 0}
        params = {"filter[target]": "resolution"}
        assert (await ask(metrics, account, "sla_attainment", **params))["n"] == 1

    async def test_of_reopened_tickets_wait_for_a_week(self, metrics: Harness, account: UUID) -> None:
        quick, late, never = [await Desk(metrics, account).open() for _ in range(3)]
        for ticket in (quick, late, never):
            await ticket.resolve()
        await quick.reopen()
        assert await counted(metrics, account, "reopen_rate") == (None, 0, {"pending": 3})
        metrics.clock.advance(8 * DAY)
        await late.reopen()
        assert await counted(metrics, account, "reopen_rate") == (33.33, 3, {})

    async def test_of_tickets_with_one_answer_leave_out_those_with_none(self, metrics: Harness, account: UUID) -> None:
        for answers in (0, 1, 2):
            ticket = await Desk(metrics, account).open()
            for _ in range(answers):
                await ticket.reply(seconds=1)
            await ticket.resolve()
        assert await counted(metrics, account, "one_touch_rate") == (50, 2, {"unanswered": 1})

    async def test_of_escalated_tickets(self, metrics: Harness, account: UUID) -> None:
        calm, loud = await Desk(metrics, account).open(), await Desk(metrics, account).open()
        await loud.escalate()
        for ticket in (calm, loud):
            await ticket.resolve()
        assert await counted(metrics, account, "escalation_rate") == (50, 2, {})

    async def test_of_closed_loops_wait_for_48_hours(self, metrics: Harness, account: UUID) -> None:
        quick, late = await Desk(metrics, account).open(), await Desk(metrics, account).open()
        for ticket in (quick, late):
            await ticket.advance("needs_follow_up")
        await quick.advance("contacted")
        assert await counted(metrics, account, "closed_loop_rate") == (100, 1, {"pending": 1})
        metrics.clock.advance(3 * DAY)
        await late.advance("contacted")
        assert await counted(metrics, account, "closed_loop_rate") == (50, 2, {})

    async def test_of_customers_won_back(self, metrics: Harness, account: UUID) -> None:
        for before, after in ((20, 90), (20, 60), (90, 80), (None, 90)):
            ticket = await Desk(metrics, account).open()
            await ticket.advance("re_measured", before=before, after=after)
        assert await counted(metrics, account, "recovery_rate") == (33.33, 3, {"unmeasured": 1})


class TestTheBacklog:
    async def test_is_what_is_open_at_the_end(self, metrics: Harness, account: UUID) -> None:
        first, second = await Desk(metrics, account, channel="chat").open(), await Desk(metrics, account).open()
        metrics.clock.advance(DAY)
        await first.resolve()
        metrics.clock.advance(2 * DAY)
        await first.reopen()
        await Desk(metrics, account).open()
        answer = await ask(metrics, account, "backlog", to="2026-03-06", interval="day")
        assert [point["value"] for point in answer["series"]] == [2, 1, 1, 3, 3]
        assert (answer["value"], answer["n"], answer["interval"]) == (3, 3, None)
        later = await ask(metrics, account, "backlog", **{"from": "2026-03-02", "to": "2026-03-04"}, interval="week")
        assert (later["value"], [point["value"] for point in later["series"]]) == (1, [1])
        assert await groups(metrics, account, "backlog", "channel") == {"chat": 1, "email": 2}
        await second.update("merged")
        assert (await ask(metrics, account, "backlog"))["value"] == 2


class TestWhoseItIs:
    async def test_tells_teams_agents_priorities_and_channels_apart(self, metrics: Harness, account: UUID) -> None:
        mia, crew = new_id(), new_id()
        hers = await Desk(metrics, account, assignee_id=mia, team_id=crew, priority="high", channel="chat").open()
        other = await Desk(metrics, account).open()
        await hers.escalate()
        for ticket in (hers, other):
            await ticket.update()
            await ticket.resolve()
        for by, group, rest in (
            ("agent", str(mia), None),
            ("team", str(crew), None),
            ("priority", "high", "normal"),
            ("channel", "chat", "email"),
        ):
            assert await groups(metrics, account, "escalation_rate", by) == {group: 100, rest: 0}
            answer = await ask(metrics, account, "escalation_rate", **{f"filter[{by}]": group})
            assert (answer["value"], answer["n"]) == (100, 1)
        series = (await ask(metrics, account, "escalation_rate", by="priority,channel"))["series"]
        assert [point["groups"] for point in series] == [["high", "chat"], ["normal", "email"]]


class TestCustomers:
    async def test_who_may_not_be_computed_on_are_left_out(self, metrics: Harness, account: UUID) -> None:
        ana, bea = new_id(), new_id()
        for customer_id in (ana, bea, None):
            await (await Desk(metrics, account, customer_id=customer_id).open()).resolve()
        await metrics.deliver(record_of(ana, restricted=True), account=account, version=2)
        await metrics.deliver(analytics(bea, granted=False), account=account)
        assert await counted(metrics, account, "resolution") == (0, 1, {"restricted": 1, "no_consent": 1})
        assert await counted(metrics, account, "backlog") == (0, 0, {})

    async def test_who_are_merged_take_their_tickets_along(self, metrics: Harness, account: UUID) -> None:
        ana, a_n_a = new_id(), new_id()
        ticket = await Desk(metrics, account, customer_id=a_n_a).open()
        merged = CustomerMerged(customer_id=ana, merged_customer_id=a_n_a, merged_version=2, automatic=False)
        await metrics.deliver(merged, account=account, subject=ana)
        await ticket.resolve()
        rows = await metrics.client(account=account).get("/v1/metrics/resolution/rows", params=MARCH)
        assert [row["customer_id"] for row in rows.json()["data"]] == [str(ana)]


class TestTelling:
    async def test_out_of_order_and_twice_changes_nothing(self, metrics: Harness, account: UUID) -> None:
        desks = Desk(metrics, account), Desk(metrics, new_id(), aside=True)
        await self.live(*desks)
        asked = ("first_response", "resolution", "sla_attainment", "reopen_rate", "one_touch_rate", "backlog")
        told = [await counted(metrics, account, name) for name in asked]
        later = random.Random(7).sample(desks[1].told, len(desks[1].told))
        for body in [*later, *desks[1].told]:
            await metrics.deliver_raw([body])
        assert [await counted(metrics, desks[1].account, name) for name in asked] == told
        assert told[0] == (3600, 1, {})

    async def live(self, *desks: Desk) -> None:
        for desk in desks:
            await desk.open()
        desks[0].metrics.clock.advance(HOUR)
        for desk in desks:
            await desk.reply(seconds=5)
            await desk.meet("first_response", NOON + 4 * HOUR)
            await desk.resolve()
            await desk.reopen()
        desks[0].metrics.clock.advance(DAY)
        for desk in desks:
            await desk.resolve(seconds=9)
