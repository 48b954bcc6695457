"""What somebody wants to get: as it is, and as they change it on the page of a message's link.

What they say holds here at once, and goes to the ledger as an event; what comes back from there is the same statement.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple
from uuid import UUID

from services.notifier.accounts.models import Account
from services.notifier.accounts.service import account_of
from services.notifier.consents import service as consents
from services.notifier.contacts.models import Contact
from services.notifier.contacts.service import contact_of
from services.notifier.db import MERGED_CUSTOMERS
from services.notifier.messages.models import Message
from services.notifier.preferences.links import LinkKind
from services.notifier.preferences.texts import VERSION
from shared.auth.links import Claim
from shared.contracts.consent import (
    ANALYTICS,
    ANY,
    MARKETING,
    SERVICE,
    SURVEYS,
    ConsentChannel,
    Decision,
    PreferenceStated,
    Statement,
    decide,
)
from shared.ids import new_id
from shared.work import Work

CHANNELS: Final[tuple[ConsentChannel, ...]] = ("email", "sms", "phone")
# Asked about where the account uses it, and whoever has spoken of it.
WHATSAPP: Final[ConsentChannel] = "whatsapp"
Method = Literal["one_click", "page"]


class Choice(NamedTuple):
    """One thing that can be wanted or not."""

    purpose: str
    channel: ConsentChannel

    @property
    def key(self) -> str:
        return f"{self.purpose}.{self.channel}"


@dataclass(frozen=True, slots=True)
class Preferences:
    """Of whoever got the link. `about` is what the message was sent for, None if it is no message's link."""

    customer_id: UUID
    contact: Contact
    about: Choice | None
    message_id: UUID | None
    statements: Sequence[Statement]
    account: Account

    @property
    def channels(self) -> tuple[ConsentChannel, ...]:
        is_used = self.account.uses_whatsapp or any(said.channel == WHATSAPP for said in self.statements)
        return (*CHANNELS, WHATSAPP) if is_used else CHANNELS

    def decision(self, choice: Choice) -> Decision:
        return decide(choice.purpose, choice.channel, self.statements)

    def choices(self) -> list[Choice]:
        """What the page asks about: what everybody is asked, and whatever else they were told or have said."""
        own = {self.about.purpose} if self.about else set()
        purposes = dict.fromkeys([SURVEYS, MARKETING, SERVICE, *sorted(own | {s.purpose for s in self.statements})])
        reached = [
            Choice(purpose, channel) for purpose in purposes if purpose != ANALYTICS for channel in self.channels
        ]
        return [*reached, Choice(ANALYTICS, ANY)]


async def find(work: Work, claim: Claim) -> Preferences | None:
    """None if whom the link is for is not, or no longer, known."""
    about, message_id, customer_id = None, None, claim.target_id
    if claim.kind == LinkKind.MESSAGE:
        message = await work.session.get(Message, claim.target_id)
        if message is None or message.customer_id is None or message.account_id != work.account_id:
            return None
        channel = next((channel for channel in CHANNELS if channel == message.channel), CHANNELS[0])
        about, message_id = Choice(message.purpose, channel), message.id
        customer_id = message.origin_customer_id or message.customer_id
    return await of_customer(work, customer_id, about=about, message_id=message_id)


async def of_customer(
    work: Work, customer_id: UUID, *, about: Choice | None = None, message_id: UUID | None = None
) -> Preferences | None:
    present = (await MERGED_CUSTOMERS.present_ids(work, [customer_id]))[customer_id]
    contact = await contact_of(work, customer_id) or await contact_of(work, present)
    if contact is None or contact.forgotten:
        return None
    statements = await consents.statements_of(work, present)
    return Preferences(customer_id, contact, about, message_id, statements, await account_of(work))


async def change(
    work: Work, preferences: Preferences, wanted: Iterable[tuple[Choice, bool]], *, method: Method
) -> None:
    """Say it; a yes or no of their own is worth more than a default that agrees with it.

    A yes that holds already is not said again. A no always is: a yes on one channel may have come after the no for all
    that there is, or be on its way here.
    """
    said = []
    for choice, granted in wanted:
        decision = preferences.decision(choice)
        if granted and decision.deciding is not None and decision.allowed:
            continue
        # Clocks differ, and this is said after all that is known here.
        known = [one.effective_at for one in preferences.statements if one.purpose == choice.purpose]
        at = max([work.now, *known])
        stated = PreferenceStated(
            statement_id=new_id(),
            customer_id=preferences.customer_id,
            purpose=choice.purpose,
            channel=choice.channel,
            granted=granted,
            method=method,
            message_id=preferences.message_id,
            text_version=VERSION,
            stated_at=at,
        )
        work.emit(stated, subject=preferences.customer_id)
        said.append(Statement(stated.statement_id, choice.purpose, choice.channel, granted, "consent", at))
    await consents.add(work, preferences.customer_id, said)
