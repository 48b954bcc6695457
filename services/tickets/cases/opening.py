"""How a ticket comes into being: number, assignee, targets, history, timers and loop in one statement.

The statement takes any number of tickets of one account. A rule opens one; people and programs that open tickets at the
same moment share a statement and a commit (see `desk`).

Numbers run 1, 2, 3 within each account and are never given twice; one whose ticket could not be stored stays unused.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from services.tickets.routing.placing import Placed, place, watch
from services.tickets.routing.roster import roster_of
from services.tickets.slas.agreements import Book, book_of
from services.tickets.slas.defaults import ensure_defaults
from services.tickets.slas.promises import ALARM, promise
from shared.bus.events import Actor
from shared.contracts.tickets import Priority, TicketState
from shared.db.database import Database
from shared.http.errors import AppError, Conflict
from shared.work import Work


class AlreadyFollowedUp(Conflict):
    """There is a ticket for this feedback already, and it is not closed."""

    code = "already_followed_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who opens a ticket, when and why; in `work`, or in a transaction that others share."""

    account_id: UUID
    actor: Actor
    now: datetime
    correlation_id: UUID
    causation_id: UUID | None
    traceparent: str | None
    work: Work | None

    @classmethod
    def of(cls, work: Work) -> Self:
        return cls(
            account_id=work.account_id,
            actor=work.actor,
            now=work.now,
            correlation_id=work.correlation_id,
            causation_id=work.causation_id,
            traceparent=work.traceparent,
            work=work,
        )

    @asynccontextmanager
    async def session(self, database: Database) -> AsyncIterator[AsyncSession]:
        """To look something up before: the one of `work`, or a short one."""
        if self.work is not None:
            yield self.work.session
        else:
            async with database.transaction(self.account_id) as session:
                yield session


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a new ticket starts with. `assign`: somebody is looked for, by the rules or in the team; else `assignee_id`
    has it, or nobody. `language`: what the customer writes in, where that is known beside customer and feedback.
    `feedback` is what `routing.facts` sees of what the customer said.

    `rating` (0 to 100) is what the customer gave when the feedback was given. `with_assistant_since`: from then until
    now the assistant had what it is about; that time stands on no clock, so it changes nothing of what is promised.
    """

    author: Author
    ticket_id: UUID
    subject: str
    description: str
    priority: Priority
    tags: list[str]
    fields: Mapping[str, Any] = field(default_factory=dict)
    channel: str
    origin_kind: str
    assign: bool
    team_id: UUID | None = None
    assignee_id: UUID | None = None
    customer_id: UUID | None = None
    feedback_id: UUID | None = None
    rule_id: UUID | None = None
    request_id: UUID | None = None
    feedback: Mapping[str, Any] | None = None
    rating: int | None = None
    thread_id: UUID | None = None
    language: str | None = None
    with_assistant_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """What the rules and the database decided."""

    number: int
    state: TicketState
    assignee_id: UUID | None
    assignee_name: str | None
    team_id: UUID | None
    queued_at: datetime | None
    priority: Priority
    tags: list[str]
    customer_name: str | None
    first_response_due_at: datetime
    resolution_due_at: datetime
    customer_id: UUID | None
    origin_customer_id: UUID | None


_COLUMNS = """
    id uuid, subject text, description text, priority text, team_id uuid, assignee_id uuid, queued_at timestamptz,
    why jsonb, tags text[], fields jsonb, customer_id uuid, channel text, origin_kind text, feedback_id uuid,
    feedback jsonb, rule_id uuid, request_id uuid, rating integer, thread_id uuid, at timestamptz, actor text,
    correlation_id uuid, causation_id uuid, traceparent text, policy_id uuid, policy_version integer,
    calendar_id uuid, calendar_version integer, first_response_seconds integer, first_response_due_at timestamptz,
    resolution_seconds integer, resolution_due_at timestamptz, next_response_seconds integer,
    periodic_update_seconds integer, alarm_at timestamptz, with_assistant_since timestamptz
"""

_OPEN = f"""
with asked as (
    select asked.*, ordinality as place
    from rows from (json_to_recordset($2::json) as ({_COLUMNS})) with ordinality as asked
), counted as (
    -- What was promised in Python is promised only if nothing of it has changed.
    update tickets.counters set last_number = last_number + $3 where account_id = $1 and terms_revision = $4
    returning last_number - $3 as before
), opened as (
    insert into tickets.tickets (
        id, account_id, number, version, subject, description, state, priority, team_id, assignee_id, queued_at, tags,
        fields, customer_id, channel, origin_kind, feedback_id, feedback, rule_id, request_id, opened_at, updated_at,
        reopened_count, policy_id, policy_version, calendar_id, calendar_version, first_response_seconds,
        first_response_due_at, resolution_seconds, resolution_due_at, next_response_seconds, periodic_update_seconds,
        warned, thread_id
    )
    select
        id, $1, before + place, 1, subject, description,
        -- New is what nobody has.
        case when assignee_id is null then 'new' else 'open' end, priority, team_id, assignee_id, queued_at, tags,
        fields, customer_id, channel, origin_kind, feedback_id, feedback, rule_id, request_id, at, at,
        0, policy_id, policy_version, calendar_id, calendar_version, first_response_seconds,
        first_response_due_at, resolution_seconds, resolution_due_at, next_response_seconds, periodic_update_seconds,
        '{{}}', thread_id
    from asked
    cross join counted
    on conflict do nothing
    returning id, number, state, assignee_id, customer_id, origin_customer_id, feedback_id, first_response_due_at,
        resolution_due_at
), remembered as (
    insert into tickets.history (account_id, ticket_id, version, at, actor, action, state, changes)
    select $1, id, 1, at, actor, 'opened', state, case when with_assistant_since is null then '{{}}' else
        jsonb_build_object('with_assistant_since', jsonb_build_array(null, with_assistant_since)) end
    from opened join asked using (id)
), timed as (
    insert into tickets.timers (
        id, account_id, kind, key, due_at, payload, correlation_id, causation_id, traceparent
    )
    select gen_random_uuid(), $1, '{ALARM}', id::text, alarm_at, '{{}}', correlation_id, causation_id, traceparent
    from opened join asked using (id)
), decided as (
    insert into tickets.assignments (account_id, ticket_id, at, outcome, assignee_id, decision)
    select $1, id, at, case when assignee_id is null then 'waiting' else 'assigned' end, assignee_id, why
    from (select opened.id, opened.assignee_id, at, why from opened join asked using (id)) opened where why is not null
), turned as (
    update tickets.team_members member set last_assigned_at = latest.at
    from (
        select asked.team_id, asked.assignee_id, max(at) as at from opened join asked using (id)
        where why is not null group by asked.team_id, asked.assignee_id
    ) latest
    where member.account_id = $1 and member.team_id = latest.team_id and member.user_id = latest.assignee_id
), looped as (
    insert into tickets.loops (
        account_id, ticket_id, feedback_id, customer_id, origin_customer_id, stage, round, before, needs_follow_up_at
    )
    select $1, id, feedback_id, customer_id, origin_customer_id, 'needs_follow_up', 1, rating, at
    from (select opened.*, rating, at from opened join asked using (id)) opened where feedback_id is not null
)
select asked.id, opened.number, opened.state, opened.assignee_id, opened.customer_id, opened.origin_customer_id,
    opened.first_response_due_at, opened.resolution_due_at,
    person.name as assignee_name, contact.name as customer_name,
    exists (select from counted) as current
from asked
left join opened using (id)
left join tickets.people person on person.account_id = $1 and person.id = opened.assignee_id
left join tickets.contacts contact on contact.account_id = $1 and contact.id = opened.customer_id
order by asked.place
"""


_HOLD = "select terms_revision from tickets.counters where account_id = $1 for update"


def holding_counter(account_id: UUID) -> str:
    """`hold_counter` as text, to share a round trip with others."""
    return _HOLD.replace("$1", f"'{account_id}'")


async def hold_counter(connection: asyncpg.Connection, account_id: UUID) -> UUID | None:
    """Until the end of the transaction nobody else of the account opens a ticket or hands one out. Returns the revision
    of what is set up; None before the account has been announced."""
    revision: UUID | None = await connection.fetchval(_HOLD, account_id)
    return revision


async def insert_tickets(
    connection: asyncpg.Connection, account_id: UUID, openings: Sequence[Opening]
) -> list[Opened | AppError]:
    """One result for each opening, in order; an error says why that one was not opened.

    The transaction is open, set to the account, and holds its counter.
    """
    for fresh in (False, True):
        book = await _book_of(connection, account_id, openings[0].author.now, fresh=fresh)
        roster = await roster_of(connection, account_id, book.revision, openings[0].author.now)
        placed = await place(connection, account_id, roster, openings)
        possible = [one for one in placed if one.refusal is None]
        if not possible:
            if not fresh:
                # Nothing has compared the mark: what is missing may have been made since.
                continue
            return [one.refusal for one in placed if one.refusal is not None]
        # An id that the database gave is a UUID of the driver's own kind.
        values = orjson.dumps([_values(one, book) for one in possible], default=str).decode()
        rows = await connection.fetch(_OPEN, account_id, values, len(possible), book.revision)
        if rows[0]["current"]:
            break
    else:
        raise RuntimeError("policies changed while the account's counter was held")
    by_id = {row["id"]: row for row in rows}
    results = [one.refusal or _result(one, by_id[one.opening.ticket_id]) for one in placed]
    opened = [one for one, result in zip(placed, results, strict=True) if isinstance(result, Opened)]
    await watch(connection, account_id, roster, opened)
    return results


async def _book_of(connection: asyncpg.Connection, account_id: UUID, now: datetime, *, fresh: bool) -> Book:
    """A ticket may be asked for before the account has been announced. Who reads a fresh book holds the counter, so
    that it stays fresh."""
    if fresh:
        await connection.execute(_HOLD, account_id)
    book = await book_of(connection, account_id, fresh=fresh)
    if book is None:
        await ensure_defaults(connection, account_id, now)
        book = await book_of(connection, account_id, fresh=True)
    if book is None:
        raise RuntimeError("an account that was just prepared has no policy")
    return book


def _result(placed: Placed, row: asyncpg.Record) -> Opened | AppError:
    if row["number"] is None:
        return AlreadyFollowedUp()
    wanted = placed.opening
    return Opened(
        number=row["number"],
        state=row["state"],
        assignee_id=placed.assignee_id,
        assignee_name=row["assignee_name"],
        team_id=wanted.team_id,
        queued_at=wanted.author.now if placed.waits else None,
        priority=wanted.priority,
        tags=wanted.tags,
        customer_name=row["customer_name"],
        first_response_due_at=row["first_response_due_at"],
        resolution_due_at=row["resolution_due_at"],
        customer_id=row["customer_id"],
        origin_customer_id=row["origin_customer_id"],
    )


def _values(placed: Placed, book: Book) -> Mapping[str, Any]:
    opening = placed.opening
    author = opening.author
    return promise(book.agreement_for(opening), opening.priority, author.now) | {
        "id": opening.ticket_id,
        "subject": opening.subject,
        "description": opening.description,
        "priority": opening.priority,
        "team_id": opening.team_id,
        "assignee_id": placed.assignee_id,
        "queued_at": author.now if placed.waits else None,
        "why": placed.why,
        "tags": opening.tags,
        "fields": opening.fields,
        "customer_id": opening.customer_id,
        "channel": opening.channel,
        "origin_kind": opening.origin_kind,
        "feedback_id": opening.feedback_id,
        "feedback": opening.feedback,
        "rule_id": opening.rule_id,
        "request_id": opening.request_id,
        "rating": opening.rating,
        "thread_id": opening.thread_id,
        "with_assistant_since": opening.with_assistant_since,
        "at": author.now,
        "actor": str(author.actor),
        "correlation_id": author.correlation_id,
        "causation_id": author.causation_id,
        "traceparent": author.traceparent,
    }
