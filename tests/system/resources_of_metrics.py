"""One of each thing of the metrics service that an account can own."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from services.metrics.alerts.models import Alarm
from shared.contracts.problems import ExpectedChange, ImprovementShipped
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.system.making import Resources, made
from tests.system.surface import EXPERIMENT, INITIATIVE


async def of_metrics(metrics: Harness, account: UUID) -> Resources:
    shipped = ImprovementShipped(
        improvement_id=new_id(),
        title="Another carrier",
        problem_ids=(),
        causes=(),
        shipped_at=metrics.clock.now(),
        expected=ExpectedChange(metric="nps", change=Decimal(5)),
        cost=None,
        affected_customers=1,
    )
    await metrics.deliver(shipped, account=account, subject=shipped.improvement_id)
    spent = {"from": "2026-02-01", "to": "2026-03-01", "amount": {"amount": "500", "currency": "EUR"}}
    spend = await made(metrics.client(account=account), "/v1/acquisition-spend", spent)
    own = {"name": "calm", "title": "Calm", "expression": "nps - 0.5 * reopen_rate"}
    made_of_others = await made(metrics.client(account=account), "/v1/custom-metrics", own)
    tried = await made(metrics.client(account=account), "/v1/experiments", EXPERIMENT)
    await made(metrics.client(account=account), f"/v1/experiments/{tried['id']}/start", None, status=200)
    return {
        "name": "nps",
        "improvement_id": str(shipped.improvement_id),
        "spend_id": spend["id"],
        "metric_id": made_of_others["id"],
        "experiment_id": tried["id"],
        "initiative_id": (await made(metrics.client(account=account), "/v1/initiatives", INITIATIVE))["id"],
        **await alerted(metrics, account),
    }


async def alerted(metrics: Harness, account: UUID) -> Resources:
    """Something that is watched, and an alarm that came of it."""
    falls = {"name": "NPS falls", "metric": "nps", "minimum_effect": 8}
    watch = await made(metrics.client(account=account), "/v1/alerts", falls)
    numbers = {"value": 20.0, "n": 200, "expected": 35.0, "change": -15.0, "low": -26.1, "high": -3.9}
    async with metrics.work(account) as work:
        alarm = Alarm(
            id=new_id(),
            account_id=account,
            watch_id=UUID(watch["id"]),
            metric="nps",
            direction=-1,
            filters={},
            groups=[],
            from_day=date(2026, 2, 16),
            to_day=date(2026, 2, 23),
            findings=numbers,
            causes=[],
            raised_at=work.now,
            closed_at=None,
            ending=None,
            version=1,
        )
        work.session.add(alarm)
    return {"watch_id": watch["id"], "alarm_id": str(alarm.id)}
