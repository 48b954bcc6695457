"""A new account gets what every account starts with; how it is called is kept as it changes."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from services.notifier.accounts.models import Account
from services.notifier.rules import defaults
from services.notifier.templates import builtin
from shared.bus.events import Event
from shared.contracts.base import Payload
from shared.contracts.feedback import FeedbackReceived
from shared.contracts.gateway import AccountCreated, AccountUpdated
from shared.work import Work

_WHATSAPP: Final = "whatsapp"


async def set_up(work: Work, event: Event[AccountCreated]) -> None:
    """Safe to repeat: what is there, edited or not, stays."""
    await _remember(work, event.data, event.aggregate_version)
    await builtin.seed(work)
    await defaults.seed(work)


async def change(work: Work, event: Event[AccountUpdated]) -> None:
    await _remember(work, event.data, event.aggregate_version)


async def note_channels(work: Work, events: Sequence[Event[Payload]]) -> None:
    """A channel that only some accounts use is one once somebody has written there."""
    if any(isinstance(event.data, FeedbackReceived) and event.data.channel == _WHATSAPP for event in events):
        mine = (Account.account_id == work.account_id) & ~Account.uses_whatsapp
        await work.session.execute(update(Account).where(mine).values(uses_whatsapp=True))


async def _remember(work: Work, data: AccountCreated | AccountUpdated, version: int) -> None:
    values = {"name": data.name, "locale": data.locale, "timezone": data.timezone, "version": version}
    statement = insert(Account).values(account_id=work.account_id, rules_paused=False, **values)
    newer = Account.version < statement.excluded.version
    await work.session.execute(statement.on_conflict_do_update(index_elements=["account_id"], set_=values, where=newer))
