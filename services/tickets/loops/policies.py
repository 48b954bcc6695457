"""How much time an account allows each stage of a loop, and what it wants to be told when a ticket is resolved."""

from datetime import timedelta
from typing import Any, Final

from sqlalchemy.dialects.postgresql import insert

from services.tickets.cases.models import Ticket
from services.tickets.loops.models import LoopPolicy
from services.tickets.loops.schemas import LoopPolicyIn
from shared.contracts.tickets import LoopStage
from shared.http.dependencies import check_match
from shared.http.errors import FieldProblem, Unacceptable
from shared.work import Work

_HOUR: Final = 3_600
# 48 hours around the clock until the customer hears from somebody, as CustomerGauge has it; a week until it is fixed.
# What comes after is the customer's turn, and never late.
ALLOWANCES: Final[dict[str, int | None]] = {
    "needs_follow_up_seconds": 48 * _HOUR,
    "contacted_seconds": 7 * 24 * _HOUR,
    "fixed_seconds": None,
    "confirmed_seconds": None,
}
NEVER_STORED: Final = 0


async def of_account(work: Work) -> LoopPolicy:
    """The account's, or the one that every account begins with."""
    stored = await work.session.get(LoopPolicy, work.account_id)
    if stored is not None:
        return stored
    return LoopPolicy(
        account_id=work.account_id, version=NEVER_STORED, required=[], allowances=ALLOWANCES, updated_at=None
    )


async def replace(work: Work, body: LoopPolicyIn, expected: int | None) -> LoopPolicy:
    """Raises `StaleVersion`. Of two who change it for the first time, the second waits."""
    values: dict[str, Any] = {"required": [], "allowances": ALLOWANCES, "version": NEVER_STORED, "updated_at": None}
    first = insert(LoopPolicy).values(account_id=work.account_id, **values)
    await work.session.execute(first.on_conflict_do_nothing())
    policy = await work.session.get_one(LoopPolicy, work.account_id, with_for_update=True, populate_existing=True)
    check_match(expected, policy.version)
    policy.required, policy.allowances = list(body.required_at_resolve), body.allowances.model_dump()
    policy.version += 1
    policy.updated_at = work.now
    await work.session.flush()
    return policy


def allowance(policy: LoopPolicy, stage: LoopStage) -> timedelta | None:
    """None for a stage that nobody is late in."""
    seconds = policy.allowances.get(f"{stage}_seconds")
    return timedelta(seconds=seconds) if seconds is not None else None


async def check_told(work: Work, ticket: Ticket) -> None:
    """Raises `Unacceptable` if the account wants to know more of a ticket before it is resolved."""
    policy = await of_account(work)
    missing = [name for name in policy.required if getattr(ticket, name) is None]
    if missing:
        detail = f"A ticket is not resolved here without {' and '.join(missing)}; see /v1/loops/policy."
        errors = tuple(FieldProblem(f"/{name}", "required", "is needed to resolve") for name in missing)
        raise Unacceptable(detail, errors=errors)
