"""The life of a ticket as its clocks see it, read off its history."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from services.tickets.slas.clock import Entry, What
from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.contracts.tickets import TicketState
from shared.work import Work

# Whoever speaks through these is one of us. What a rule or an assistant says is no answer of a person.
_IN_PERSON: Final = (ActorKind.HUMAN, ActorKind.PARTNER)
_PREFIXES: Final = tuple(f"{kind}:" for kind in _IN_PERSON)
_SAYS: Final = {
    "heard": What.WROTE,
    "with_assistant": What.WITH_ASSISTANT,
    "handed_over": What.HANDED_OVER,
}

# Plain, not of the models: nothing is left to convert in it, and there are many.
_CHANGES: Final = text("""
    select ticket_id, at, actor, action, state from tickets.history
    where account_id = :account_id and ticket_id = any(cast(:ids as uuid[])) order by ticket_id, version
""")


def is_in_person(actor: Actor) -> bool:
    return actor.kind in _IN_PERSON


async def entries_of(work: Work, ticket_id: UUID) -> Sequence[Entry]:
    """From its opening on."""
    return (await entries_of_all(work, [ticket_id]))[ticket_id]


async def entries_of_all(work: Work, ticket_ids: Collection[UUID]) -> Mapping[UUID, Sequence[Entry]]:
    rows = await work.session.execute(_CHANGES, {"account_id": work.account_id, "ids": list(ticket_ids)})
    changes: defaultdict[UUID, list[tuple[datetime, str, str, TicketState]]] = defaultdict(list)
    for ticket_id, at, actor, action, state in rows:
        changes[ticket_id].append((at, actor, action, state))
    return {ticket_id: list(entries(those)) for ticket_id, those in changes.items()}


def entries(changes: Iterable[tuple[datetime, str, str, TicketState]]) -> Iterator[Entry]:
    """Of changes as (when, by whom, what, the state since then), oldest first."""
    state: TicketState | None = None
    for at, actor, action, new_state in changes:
        if new_state != state:
            state = new_state
            yield Entry(at, What.MOVED, state)
        if action == "replied" and actor.startswith(_PREFIXES):
            yield Entry(at, What.REPLIED)
        elif action in _SAYS:
            yield Entry(at, _SAYS[action])
