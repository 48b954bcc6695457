"""Which tickets a list shows."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Query
from pydantic import Field, StringConstraints
from sqlalchemy import ColumnElement, and_, false, or_, select

from services.tickets.cases.models import Ticket
from services.tickets.cases.repository import is_late
from services.tickets.cases.schemas import Cause, Channel, Tag
from services.tickets.statuses import service as statuses
from services.tickets.watchers.models import Watcher
from shared.contracts.tickets import Priority, TicketState
from shared.http.schemas import Model, Moment
from shared.work import Work

MOST_VALUES: Final = 50

FieldIs = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,49}:[^\x00]{1,2000}$")]
States = Annotated[list[TicketState], Field(max_length=MOST_VALUES)]
Priorities = Annotated[list[Priority], Field(max_length=MOST_VALUES)]
Ids = Annotated[list[UUID], Field(max_length=MOST_VALUES)]
Tags = Annotated[list[Tag], Field(max_length=MOST_VALUES)]
Channels = Annotated[list[Channel], Field(max_length=MOST_VALUES)]
Causes = Annotated[list[Cause], Field(max_length=MOST_VALUES)]
FieldsAre = Annotated[list[FieldIs], Field(max_length=MOST_VALUES)]


class Filters(Model):
    """A ticket has to have one of the values of each, all of the tags, and each of the fields (`order:1017`).

    `mine` and `watched` are about whoever looks. What is left out does not matter.
    """

    state: States = Field(default_factory=list)
    status_id: Ids = Field(default_factory=list)
    priority: Priorities = Field(default_factory=list)
    team_id: Ids = Field(default_factory=list)
    assignee_id: Ids = Field(default_factory=list)
    unassigned: bool | None = None
    mine: bool | None = None
    watched: bool | None = None
    customer_id: UUID | None = None
    channel: Channels = Field(default_factory=list)
    root_cause: Causes = Field(default_factory=list)
    tag: Tags = Field(default_factory=list)
    field: FieldsAre = Field(default_factory=list)
    overdue: bool | None = None
    snoozed: bool | None = None
    escalated: bool | None = None
    opened_from: Moment | None = None
    opened_to: Moment | None = None


def _asked(
    state: Annotated[States, Query()] = [],  # noqa: B006
    status_id: Annotated[Ids, Query()] = [],  # noqa: B006
    priority: Annotated[Priorities, Query()] = [],  # noqa: B006
    team_id: Annotated[Ids, Query()] = [],  # noqa: B006
    assignee_id: Annotated[Ids, Query()] = [],  # noqa: B006
    unassigned: bool | None = None,
    mine: Annotated[bool | None, Query(description="Those of whoever asks.")] = None,
    watched: Annotated[bool | None, Query(description="Those that whoever asks watches.")] = None,
    customer_id: UUID | None = None,
    channel: Annotated[Channels, Query()] = [],  # noqa: B006
    root_cause: Annotated[Causes, Query()] = [],  # noqa: B006
    tag: Annotated[Tags, Query(description="All of them.")] = [],  # noqa: B006
    field: Annotated[FieldsAre, Query(description="A field of your own and its value: `order:1017`.")] = [],  # noqa: B006
    overdue: Annotated[
        bool | None, Query(description="true: someone waits longer than promised; false: nobody does.")
    ] = None,
    snoozed: bool | None = None,
    escalated: bool | None = None,
    opened_from: Annotated[Moment | None, Query(description="Included.")] = None,
    opened_to: Annotated[Moment | None, Query(description="Not included.")] = None,
) -> Filters:
    return Filters.model_construct(**locals())


FiltersQuery = Annotated[Filters, Depends(_asked)]


async def conditions(work: Work, wanted: Filters) -> list[ColumnElement[bool]]:
    """What the database is asked, all of which must hold."""
    found: list[ColumnElement[bool]] = []
    for column, values in (
        (Ticket.state, wanted.state),
        (Ticket.priority, wanted.priority),
        (Ticket.team_id, wanted.team_id),
        (Ticket.assignee_id, wanted.assignee_id),
        (Ticket.channel, wanted.channel),
        (Ticket.root_cause, wanted.root_cause),
    ):
        if values:
            found.append(column.in_(values))
    if wanted.status_id:
        found.append(or_(*[await statuses.has_status(work, each) for each in wanted.status_id]))
    if wanted.customer_id is not None:
        found.append(Ticket.customer_id == wanted.customer_id)
    if wanted.tag:
        found.append(Ticket.tags.contains(wanted.tag))
    found += [_field_is(*each.split(":", 1)) for each in wanted.field]
    if wanted.opened_from is not None:
        found.append(Ticket.opened_at >= wanted.opened_from)
    if wanted.opened_to is not None:
        found.append(Ticket.opened_at < wanted.opened_to)
    claims = (
        (wanted.unassigned, Ticket.assignee_id.is_(None)),
        (wanted.overdue, is_late(work.now)),
        (wanted.snoozed, Ticket.snoozed_at.is_not(None)),
        (wanted.escalated, Ticket.escalation_level > 0),
        (wanted.mine, _is_mine(work)),
        (wanted.watched, _is_watched(work)),
    )
    return found + [claim if holds else ~claim for holds, claim in claims if holds is not None]


def _field_is(key: str, value: str) -> ColumnElement[bool]:
    """Of several choices one is enough."""
    return or_(Ticket.fields[key].astext == value, Ticket.fields[key].contains([value]))


def _whoever_looks(work: Work) -> UUID | None:
    """None for who is no person of the account, such as an API key."""
    try:
        return UUID(work.actor.id)
    except ValueError:
        return None


def _is_mine(work: Work) -> ColumnElement[bool]:
    me = _whoever_looks(work)
    # What nobody has is not mine, rather than unknown.
    return and_(Ticket.assignee_id.is_not(None), Ticket.assignee_id == me) if me else false()


def _is_watched(work: Work) -> ColumnElement[bool]:
    mine = (Watcher.account_id == work.account_id) & (Watcher.user_id == _whoever_looks(work))
    return Ticket.id.in_(select(Watcher.ticket_id).where(mine))
