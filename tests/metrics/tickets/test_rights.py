"""What becomes of a person's tickets in the numbers when they use their rights."""

from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

import pytest

from services.metrics.rollups.counting import differences
from shared.contracts.gateway import SubjectRequestOpened
from shared.contracts.subjects import MetricsPartDone
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.metrics.builders import feedback
from tests.metrics.tickets.builders import Desk


async def erased(metrics: Harness, account: UUID, customer_id: UUID, mode: Literal["delete", "pseudonymise"]) -> Any:
    """What metrics says it has done."""
    request = SubjectRequestOpened(
        request_id=new_id(),
        kind="erase",
        mode=mode,
        stage="act",
        services=("metrics",),
        attempt=1,
        customer_id=customer_id,
        customer_ids=(customer_id,),
        customer_version=1,
        requested_at=metrics.clock.now(),
        export_expires_at=None,
    )
    await metrics.deliver(request, account=account, subject=request.request_id)
    (event,) = await metrics.emitted(account, MetricsPartDone)
    assert isinstance(event.data, MetricsPartDone)
    return {(record.kind, record.treatment): record.count for record in event.data.part.records}


async def solved(metrics: Harness, account: UUID) -> dict[str, int]:
    client = metrics.client(account=account)
    answers = {name: (await client.get(f"/v1/metrics/{name}")).json() for name in ("resolution", "sla_attainment")}
    return {name: answer["n"] for name, answer in answers.items()}


@pytest.mark.parametrize(("mode", "left"), [("delete", 1), ("pseudonymise", 2)])
async def test_an_erasure_takes_them_out_or_their_owner_off_them(
    metrics: Harness, account: UUID, mode: Literal["delete", "pseudonymise"], left: int
) -> None:
    ana = new_id()
    tickets = [await Desk(metrics, account, customer_id=each).open() for each in (ana, new_id())]
    for ticket in tickets:
        await ticket.miss("first_response", metrics.clock.now() - timedelta(hours=1))
        await ticket.resolve()
    treatment = "deleted" if mode == "delete" else "pseudonymised"
    records = await erased(metrics, account, ana, mode)
    assert records == {("tickets", treatment): 1, ("ticket_steps", treatment): 3}
    assert await solved(metrics, account) == {"resolution": left, "sla_attainment": left}
    rows = (await metrics.client(account=account).get("/v1/metrics/resolution/rows")).json()["data"]
    assert str(ana) not in {row["customer_id"] for row in rows}
    # What comes late of an erased ticket does not bring it back.
    tickets[0].customer_id = None
    await tickets[0].reopen()
    await tickets[0].resolve()
    assert await solved(metrics, account) == {"resolution": left, "sla_attainment": left}


@pytest.mark.parametrize(("mode", "left"), [("delete", {}), ("pseudonymise", {"a": 1})])
async def test_an_erasure_leaves_sums_and_facts_in_step(
    metrics: Harness, account: UUID, mode: Literal["delete", "pseudonymise"], left: dict[str, int]
) -> None:
    ana, client = new_id(), metrics.client(account=account)
    said = feedback(
        customer_id=ana, dimensions={"variant": "a", "street": "Elm Street"}, occurred_at=metrics.clock.now()
    )
    await metrics.deliver(said, account=account)
    await erased(metrics, account, ana, mode)
    series = (await client.get("/v1/metrics/nps", params={"by": "variant"})).json()["series"]
    assert {point["group"]: point["n"] for point in series} == left
    assert "Elm Street" not in (await client.get("/v1/metrics/nps/rows")).text
    async with metrics.work(account) as work:
        assert await differences(work) == 0
