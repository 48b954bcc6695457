"""`STOP` and `START`: what customers wrote to a number or an address, wherever it was heard."""

from collections.abc import Sequence
from typing import Final
from uuid import uuid5

from services.customers.consents import refusals
from services.customers.consents import service as consents
from services.customers.consents.models import Consent
from services.customers.records import sightings
from services.customers.records.identities import IdentityKind, usable
from shared.bus.events import Actor, Event
from shared.contracts.base import ActorKind
from shared.contracts.consent import MARKETING, SERVICE, SURVEYS, ConsentChannel
from shared.contracts.hearing import ConsentObserved
from shared.work import Work

SOURCE: Final = "message"
# Whoever writes STOP means all that comes to the number, not one purpose of ours.
_PURPOSES: Final = (SURVEYS, MARKETING, SERVICE)


async def write(work: Work, event: Event[ConsentObserved]) -> None:
    """A no holds for all purposes; a yes takes back the noes that came this way, and allows nothing new.

    A no from somebody who is not known here waits for whoever comes with the number or the address.
    """
    said = event.data
    channel: ConsentChannel = said.channel
    someone = await sightings.look_for(work, said.customer)
    if someone is None:
        if not said.granted:
            named = usable({kind: getattr(said.customer, kind.value) for kind in IdentityKind})
            await refusals.keep_unknown(work, named.items(), _PURPOSES, channel, at=said.stated_at)
        return
    customer_id = someone.customer.id
    history = (await work.session.scalars(consents.history_of(work, customer_id))).all()
    for purpose in _taken_back(history, channel) if said.granted else _spoken_of(history):
        await consents.write(
            work, uuid5(said.statement_id, purpose), someone.named_id,
            purpose=purpose, channel=channel, granted=said.granted, basis="consent", text_version=None,
            source=SOURCE, proof={"text": said.proof, "note": f"heard by {said.source}"}, effective_at=said.stated_at,
            actor=Actor(ActorKind.HUMAN, str(customer_id)),
        )  # fmt: skip


def _spoken_of(history: Sequence[Consent]) -> list[str]:
    return list(dict.fromkeys([*_PURPOSES, *(row.purpose for row in history)]))


def _taken_back(history: Sequence[Consent], channel: str) -> list[str]:
    """The purposes of which the last word on this channel was a no in a message."""
    last: dict[str, Consent] = {}
    for row in sorted(history, key=lambda row: (row.effective_at, row.id)):
        if row.channel == channel:
            last[row.purpose] = row
    return [purpose for purpose, row in last.items() if not row.granted and row.source == SOURCE]
