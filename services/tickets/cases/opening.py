"""A ticket comes into being in one statement: number, assignee, targets, history, timers and loop.

The database does in one round trip what would be eight, and it is the most frequent thing this service does.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Boolean, Integer, Text, Uuid, bindparam, text

from services.tickets.people.models import ASSIGNABLE_ROLES
from shared.contracts.tickets import Priority
from shared.db.base import UTCDateTime
from shared.ids import new_id
from shared.work import Work

# Whoever has this many tickets open has their hands full; counting further would cost time and change little.
FULL_HANDS = 100

_OPEN = text(f"""
with policy as (
    select id,
        (targets -> :priority ->> 'first_response_seconds')::integer as first_response_seconds,
        (targets -> :priority ->> 'resolution_seconds')::integer as resolution_seconds
    from tickets.sla_policies where account_id = :account_id and is_default
), counted as (
    update tickets.counters set last_number = last_number + 1
    where account_id = :account_id and :number is null returning last_number
), numbered as (
    select coalesce(:number, (select last_number from counted)) as number
), least_loaded as (
    select person.id from tickets.people person
    where person.account_id = :account_id and person.active and person.role in {ASSIGNABLE_ROLES!r} and :assign
    order by (
        select count(*) from (
            select from tickets.tickets
            where account_id = :account_id and assignee_id = person.id and state in ('open', 'pending')
            limit {FULL_HANDS}
        ) load
    ), md5(person.id::text || cast(:id as text))
    limit 1
), opened as (
    insert into tickets.tickets (
        id, account_id, number, version, subject, description, state, priority, assignee_id, tags, customer_id, channel,
        origin_kind, feedback_id, rule_id, request_id, opened_at, updated_at, reopened_count, policy_id,
        first_response_seconds, first_response_due_at, resolution_seconds, resolution_due_at
    )
    select
        :id, :account_id, number, 1, :subject, :description, 'open', :priority,
        coalesce(:assignee_id, (select id from least_loaded)), :tags, :customer_id, :channel,
        :origin_kind, :feedback_id, :rule_id, :request_id, :now, :now, 0, policy.id,
        first_response_seconds, :now + first_response_seconds * interval '1 second',
        resolution_seconds, :now + resolution_seconds * interval '1 second'
    from policy, numbered where number is not null
    on conflict do nothing
    returning number, assignee_id, customer_id, first_response_due_at, resolution_due_at
), remembered as (
    insert into tickets.history (account_id, ticket_id, version, at, actor, action, state, changes)
    select :account_id, :id, 1, :now, :actor, 'opened', 'open', '{{}}' from opened
), timed as (
    insert into tickets.timers (
        id, account_id, kind, key, due_at, payload, correlation_id, causation_id, traceparent
    )
    select timer.id, :account_id, timer.kind, cast(:id as text), timer.due_at + interval '1 microsecond', '{{}}',
        :correlation_id, :causation_id, :traceparent
    from opened, lateral (values
        (:first_timer_id, 'sla.first_response', first_response_due_at),
        (:second_timer_id, 'sla.resolution', resolution_due_at)
    ) timer (id, kind, due_at)
), looped as (
    insert into tickets.loops (
        account_id, ticket_id, feedback_id, customer_id, stage, round, before, needs_follow_up_at
    )
    select :account_id, :id, :feedback_id, :customer_id, 'needs_follow_up', 1, :rating, :now
    from opened where :feedback_id is not null
)
select opened.number, opened.assignee_id, person.name as assignee_name, contact.name as customer_name,
    opened.first_response_due_at, opened.resolution_due_at
from opened
left join tickets.people person on person.account_id = :account_id and person.id = opened.assignee_id
left join tickets.contacts contact on contact.account_id = :account_id and contact.id = opened.customer_id
""").bindparams(
    *(bindparam(name, type_=Uuid()) for name in (
        "id", "account_id", "assignee_id", "customer_id", "feedback_id", "rule_id", "request_id",
        "correlation_id", "causation_id", "first_timer_id", "second_timer_id",
    )),
    *(bindparam(name, type_=Text()) for name in (
        "subject", "description", "priority", "channel", "origin_kind", "actor", "traceparent",
    )),
    bindparam("now", type_=UTCDateTime()),
    bindparam("number", type_=BigInteger()),
    bindparam("rating", type_=Integer()),
    bindparam("assign", type_=Boolean()),
    bindparam("tags", type_=ARRAY(Text)),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a new ticket starts with. `assign`: to whoever has least to do, unless `assignee_id` names somebody."""

    ticket_id: UUID
    subject: str
    description: str
    priority: Priority
    tags: list[str]
    channel: str
    origin_kind: str
    assign: bool
    assignee_id: UUID | None = None
    customer_id: UUID | None = None
    feedback_id: UUID | None = None
    rule_id: UUID | None = None
    request_id: UUID | None = None
    rating: int | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """What the database decided."""

    number: int
    assignee_id: UUID | None
    assignee_name: str | None
    customer_name: str | None
    first_response_due_at: datetime
    resolution_due_at: datetime


async def insert_ticket(work: Work, opening: Opening, number: int | None) -> Opened | None:
    """None if there is such a ticket already (its request, its feedback), or the account has no policy yet.

    `number` was taken beforehand; without one it is counted here.
    """
    values: dict[str, Any] = {
        "id": opening.ticket_id,
        "account_id": work.account_id,
        "number": number,
        "subject": opening.subject,
        "description": opening.description,
        "priority": opening.priority,
        "assign": opening.assign,
        "assignee_id": opening.assignee_id,
        "tags": opening.tags,
        "customer_id": opening.customer_id,
        "channel": opening.channel,
        "origin_kind": opening.origin_kind,
        "feedback_id": opening.feedback_id,
        "rule_id": opening.rule_id,
        "request_id": opening.request_id,
        "rating": opening.rating,
        "now": work.now,
        "actor": str(work.actor),
        "correlation_id": work.correlation_id,
        "causation_id": work.causation_id,
        "traceparent": work.traceparent,
        "first_timer_id": new_id(),
        "second_timer_id": new_id(),
    }
    row = (await work.session.execute(_OPEN, values)).one_or_none()
    return Opened(*row) if row is not None else None
