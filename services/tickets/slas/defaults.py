"""What an account starts with before anybody has thought about targets."""

from typing import Final

from sqlalchemy.dialects.postgresql import insert

from services.tickets.cases.models import Counter
from services.tickets.slas.models import Policy
from shared.bus.events import Event
from shared.contracts.gateway import AccountCreated
from shared.ids import new_id
from shared.work import Work

HOUR: Final = 3_600
TARGETS: Final[dict[str, dict[str, int]]] = {
    "urgent": {"first_response_seconds": 1 * HOUR, "resolution_seconds": 8 * HOUR},
    "high": {"first_response_seconds": 4 * HOUR, "resolution_seconds": 24 * HOUR},
    "normal": {"first_response_seconds": 24 * HOUR, "resolution_seconds": 72 * HOUR},
    "low": {"first_response_seconds": 48 * HOUR, "resolution_seconds": 120 * HOUR},
}


async def prepare_account(work: Work, event: Event[AccountCreated]) -> None:
    await ensure_defaults(work)


async def ensure_defaults(work: Work) -> None:
    """A default policy and a counter, if there are none; a ticket may be asked for before the account is announced."""
    policy = insert(Policy).values(
        id=new_id(),
        account_id=work.account_id,
        name="Standard",
        is_default=True,
        targets=TARGETS,
        version=1,
        created_at=work.now,
        updated_at=work.now,
    )
    await work.session.execute(policy.on_conflict_do_nothing())
    counter = insert(Counter).values(account_id=work.account_id, last_number=0)
    await work.session.execute(counter.on_conflict_do_nothing())
