"""Claims with lease and fence on what waits to be sent.

Sending happens between two transactions, never inside one. The claim's lease keeps other replicas away; its fence makes
a claim that was taken over unable to write down its result. If the process dies after sending and before noting it, the
lease runs out and the same thing is sent again, under the same id: at least once, and recognisable.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, Integer, MetaData, bindparam, delete, func, select, text, update

from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.dispatch.tables import dispatches_in
from shared.service import Runtime
from shared.work import Work, open_work

LEASE = timedelta(seconds=60)
# Of whichever service asks: its connections look into its own schema.
_DISPATCHES = dispatches_in(MetaData())

# Each lane with rows is visited by one index probe, however many rows wait in another (a "loose index scan").
_CLAIM = text("""
    with recursive lanes as (
        (select lane from dispatches where kind = :kind order by lane limit 1)
        union all
        select (select d.lane from dispatches d where d.kind = :kind and d.lane > lanes.lane order by d.lane limit 1)
        from lanes where lanes.lane is not null
    ), picked as (
        select due.id from lanes cross join lateral (
            select id, due_at from dispatches d
            where d.kind = :kind and d.lane = lanes.lane and d.due_at <= :now
                and (d.locked_until is null or d.locked_until <= :now)
            order by d.due_at limit :per_lane
            for update skip locked
        ) due
        where lanes.lane <> all (cast(:busy as uuid[]))
        order by due.due_at limit :limit
    )
    update dispatches set locked_until = :until, fence = fence + 1, attempts = attempts + 1
    from picked where dispatches.id = picked.id
    returning dispatches.id, account_id, lane, attempts, fence, correlation_id, causation_id, traceparent
""").bindparams(bindparam("per_lane", type_=Integer), bindparam("limit", type_=Integer))

_KINDS = text("""
    with recursive kinds as (
        (select kind from dispatches order by kind limit 1)
        union all
        select (select d.kind from dispatches d where d.kind > kinds.kind order by d.kind limit 1)
        from kinds where kinds.kind is not null
    )
    select kind from kinds where kind is not null
""")

_ENQUEUE = text("""
    insert into dispatches
        (id, lane, account_id, kind, due_at, attempts, fence, correlation_id, causation_id, traceparent)
    select id, lane, cast(:account_id as uuid), cast(:kind as text), cast(:due_at as timestamptz), 0, 0,
        cast(:correlation_id as uuid), cast(:causation_id as uuid), cast(:traceparent as text)
    from unnest(cast(:ids as uuid[]), cast(:lanes as uuid[])) as item (id, lane)
""")


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to try one delivery, until the lease ends. `attempts` counts this one."""

    id: UUID
    account_id: UUID
    lane: UUID
    attempts: int
    fence: int
    correlation_id: UUID
    causation_id: UUID | None
    traceparent: str | None


async def enqueue(work: Work, kind: str, items: Sequence[tuple[UUID, UUID]], *, due_at: datetime | None = None) -> None:
    """`items` are pairs of id and lane. They are due at once unless said otherwise."""
    if not items:
        return
    ids, lanes = map(list, zip(*items, strict=True))
    values = {
        "ids": ids,
        "lanes": lanes,
        "account_id": work.account_id,
        "kind": kind,
        "due_at": due_at or work.now,
        "correlation_id": work.correlation_id,
        "causation_id": work.causation_id,
        "traceparent": work.traceparent,
    }
    await work.session.execute(_ENQUEUE, values)


async def hold_lane(work: Work, lane: UUID, until: datetime) -> None:
    """Nothing of this lane is sent before."""
    waiting = (_DISPATCHES.c.account_id == work.account_id) & (_DISPATCHES.c.lane == lane)
    early = waiting & (_DISPATCHES.c.due_at < until)
    await work.session.execute(update(_DISPATCHES).where(early).values(due_at=until))


async def withdraw_lane(work: Work, lane: UUID) -> None:
    """What has not been sent yet never will be."""
    mine = (_DISPATCHES.c.account_id == work.account_id) & (_DISPATCHES.c.lane == lane)
    await work.session.execute(delete(_DISPATCHES).where(mine))


async def withdraw(work: Work, kind: str, id: UUID) -> None:
    """This one never will be sent, or is about to be queued anew; nothing happens if it does not wait."""
    mine = (_DISPATCHES.c.account_id == work.account_id) & (_DISPATCHES.c.kind == kind) & (_DISPATCHES.c.id == id)
    await work.session.execute(delete(_DISPATCHES).where(mine))


async def claim_due(
    runtime: Runtime, kind: str, *, limit: int, per_lane: int, busy: Collection[UUID] = ()
) -> list[Claim]:
    """At most `limit` deliveries that are due, at most `per_lane` of each lane, none of the `busy` lanes."""
    now = runtime.clock.now()
    values = {
        "kind": kind,
        "now": now,
        "until": now + LEASE,
        "limit": limit,
        "per_lane": per_lane,
        "busy": list(busy),
    }
    async with runtime.database.transaction(None) as session:
        rows = (await session.execute(_CLAIM, values)).all()
    return [Claim(*row) for row in rows]


async def kinds_waiting(runtime: Runtime) -> frozenset[str]:
    """Those of which anything waits, due or not: one index probe for each."""
    async with runtime.database.transaction(None) as session:
        return frozenset(await session.scalars(_KINDS))


async def renew(runtime: Runtime, claim: Claim) -> None:
    """Another lease, from now on; nothing, if the claim was taken over."""
    statement = update(_DISPATCHES).where(*_fenced(claim)).values(locked_until=runtime.clock.now() + LEASE)
    async with runtime.database.transaction(None) as session:
        await session.execute(statement)


async def backlog(runtime: Runtime, kind: str) -> tuple[int, timedelta]:
    """How many are due, and for how long the oldest of them has been."""
    now = runtime.clock.now()
    statement = select(func.count(), func.min(_DISPATCHES.c.due_at)).where(
        _DISPATCHES.c.kind == kind, _DISPATCHES.c.due_at <= now
    )
    async with runtime.database.transaction(None) as session:
        count, first = (await session.execute(statement)).one()
    oldest: datetime | None = first
    return count, now - oldest if oldest else timedelta(0)


def open_claim(runtime: Runtime, claim: Claim) -> Any:
    """A Work of the claim's account that continues its trace; an async context manager."""
    return open_work(
        runtime.database,
        claim.account_id,
        Actor(ActorKind.SYSTEM, runtime.service.name),
        clock=runtime.clock,
        correlation_id=claim.correlation_id,
        causation_id=claim.causation_id,
        traceparent=claim.traceparent,
    )


async def hold(work: Work, claim: Claim) -> bool:
    """Nobody takes it over before this transaction ends. False if somebody has, or it was withdrawn: then nothing may
    be written down."""
    statement = select(_DISPATCHES.c.id).where(*_fenced(claim)).with_for_update()
    return (await work.session.scalar(statement)) is not None


async def finish(work: Work, claim: Claim) -> bool:
    """Delivered or given up. False if the claim was taken over or withdrawn: then nothing may be written down."""
    return await _changed_one(work, delete(_DISPATCHES).where(*_fenced(claim)))


async def postpone(work: Work, claim: Claim, due_at: datetime, *, counts: bool = True) -> bool:
    """Try again at `due_at`. `counts=False` gives the attempt back. False as for `finish`."""
    values = {"due_at": due_at, "locked_until": None, "attempts": claim.attempts - (0 if counts else 1)}
    return await _changed_one(work, update(_DISPATCHES).where(*_fenced(claim)).values(values))


def _fenced(claim: Claim) -> tuple[Any, ...]:
    return _DISPATCHES.c.id == claim.id, _DISPATCHES.c.fence == claim.fence


async def _changed_one(work: Work, statement: Any) -> bool:
    result = cast("CursorResult[Any]", await work.session.execute(statement))
    return result.rowcount == 1
