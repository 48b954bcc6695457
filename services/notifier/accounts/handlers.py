"""A new account gets what every account starts with."""

from sqlalchemy.dialects.postgresql import insert

from services.notifier.accounts.models import Account
from services.notifier.rules import defaults
from services.notifier.templates import builtin
from shared.bus.events import Event
from shared.contracts.gateway import AccountCreated
from shared.work import Work


async def set_up(work: Work, event: Event[AccountCreated]) -> None:
    """Safe to repeat: what is there, edited or not, stays."""
    data = event.data
    values = {"name": data.name, "locale": data.locale, "timezone": data.timezone}
    statement = insert(Account).values(account_id=work.account_id, rules_paused=False, **values)
    await work.session.execute(statement.on_conflict_do_update(index_elements=["account_id"], set_=values))
    await builtin.seed(work)
    await defaults.seed(work)
