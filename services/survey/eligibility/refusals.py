"""Writing refusals down, and telling of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, insert, select

from services.survey.eligibility.facts import Facts, Rules
from services.survey.eligibility.gates import Gate, next_eligible_at
from services.survey.eligibility.models import Refusal
from shared.contracts.survey import InvitationRefused
from shared.ids import new_id
from shared.work import Work


@dataclass(frozen=True, slots=True)
class Refused:
    """Why one customer is not asked. `next_eligible_at` is None if only somebody's doing opens the gate."""

    gate: str
    detail: str
    next_eligible_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Cause:
    """What wanted somebody asked: `call`, `run`, `trigger`, `wave`, `chain` or `rule`; and which one of them."""

    name: str
    id: UUID | None = None


def refused_by(gate: Gate, rules: Rules, facts: Facts) -> Refused:
    return Refused(gate.name, gate.reason(rules, facts), next_eligible_at(rules, facts))


async def record(
    work: Work,
    rules: Rules,
    cause: Cause,
    refused: Sequence[tuple[UUID, Refused]],
    *,
    invitation_id: UUID | None = None,
) -> None:
    """One row and one event for each of these customers. `invitation_id`: of the one that had been made already."""
    if not refused:
        return
    rows: list[dict[str, Any]] = []
    for customer_id, why in refused:
        told = InvitationRefused(
            refusal_id=new_id(),
            survey_id=rules.survey.id,
            customer_id=customer_id,
            ticket_id=rules.ticket_id,
            invitation_id=invitation_id,
            channel=rules.channel,
            cause=cause.name,
            gate=why.gate,
            detail=why.detail,
            next_eligible_at=why.next_eligible_at,
        )
        work.emit(told, subject=told.refusal_id)
        row = told.model_dump(exclude={"refusal_id"})
        rows.append(row | {"id": told.refusal_id, "account_id": work.account_id, "cause_id": cause.id, "at": work.now})
    await work.session.execute(insert(Refusal), rows)


def listed(work: Work, survey_id: UUID, *, customer_id: UUID | None, gate: str | None) -> Select[Any]:
    statement = select(Refusal).where(Refusal.account_id == work.account_id, Refusal.survey_id == survey_id)
    if customer_id is not None:
        statement = statement.where(Refusal.customer_id == customer_id)
    if gate is not None:
        statement = statement.where(Refusal.gate == gate)
    return statement
