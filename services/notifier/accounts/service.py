"""Looking up the account."""

from services.notifier.accounts.models import Account
from shared.work import Work


async def account_of(work: Work) -> Account:
    """Plain defaults while the news of the account is still on its way."""
    found = await work.session.get(Account, work.account_id)
    if found is not None:
        return found
    return Account(
        account_id=work.account_id, name="Heed", locale="en", timezone="UTC", rules_paused=False, uses_whatsapp=False
    )
