"""The life of a ticket as its clocks see it, read off its history."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple
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
# Plain, not of the models: nothing is left to convert in it, and there are many.
_CHANGES: Final = text("""
    select ticket_id, at, actor, action, state, case version when 1 then changes #>> '{with_assistant_since, 1}' end
    from tickets.history
    where account_id = :account_id and ticket_id = any(cast(:ids as uuid[])) order by ticket_id, version
""")


class Happened(NamedTuple):
    """A row of the history. `with_assistant_since`: from when to its opening the assistant had what it is about."""

    at: datetime
    actor: str
    action: str
    state: TicketState
    with_assistant_since: str | None = None


def is_in_person(actor: Actor) -> bool:
    return actor.kind in _IN_PERSON


async def entries_of(work: Work, ticket_id: UUID) -> Sequence[Entry]:
    """From its opening on."""
    return (await entries_of_all(work, [ticket_id]))[ticket_id]


async def entries_of_all(work: Work, ticket_ids: Collection[UUID]) -> Mapping[UUID, Sequence[Entry]]:
    rows = await work.session.execute(_CHANGES, {"account_id": work.account_id, "ids": list(ticket_ids)})
    changes: defaultdict[UUID, list[Happened]] = defaultdict(list)
    for ticket_id, *happened in rows:
        changes[ticket_id].append(Happened(*happened))
    return {ticket_id: list(entries(those)) for ticket_id, those in changes.items()}


def entries(changes: Iterable[Happened]) -> Iterator[Entry]:
    """Of the rows of a ticket's history, oldest first. What the assistant handed over begins with the assistant."""
    state: TicketState | None = None
    for at, actor, action, new_state, with_assistant_since in changes:
        begun = datetime.fromisoformat(with_assistant_since) if with_assistant_since is not None else at
        if new_state != state:
            state = new_state
            yield Entry(begun, What.MOVED, state)
        if begun < at:
            yield Entry(begun, What.WITH_ASSISTANT)
            yield Entry(at, What.HANDED_OVER)
        if action == "replied" and actor.startswith(_PREFIXES):
            yield Entry(at, What.REPLIED)
        elif action == "heard":
            yield Entry(at, What.WROTE)
