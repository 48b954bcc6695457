"""What was kept is read again, by the present adapter and settings. What is heard twice is heard once: versions see to
that, so a replay can be repeated, and can run while new deliveries come in."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, tuple_, update

from services.survey.sources import reading
from services.survey.sources.models import Delivery, Replay, Source
from services.survey.sources.schemas import NewReplay, ReplayOut
from shared.bus.subscriptions import Timer
from shared.http.errors import Conflict, NotFound, Unacceptable
from shared.ids import new_id
from shared.work import Work

TIMER: Final = "sources.replay"
AT_ONCE: Final = 200
LOOKED_AFTER: Final = timedelta(seconds=2)
_PLACE: Final = tuple_(Delivery.received_at, Delivery.id)
_READABLE: Final = ("received", "read", "quarantined")


class ReplayNotFound(NotFound):
    """There is no such replay here."""

    code = "replay_not_found"


class AlreadyReplaying(Conflict):
    """A replay of this source is running. Wait until it is done."""

    code = "already_replaying"


async def start(work: Work, source: Source, wanted: NewReplay) -> Replay:
    """Raises `AlreadyReplaying`, or `Unacceptable` for a time that ends before it begins."""
    if wanted.since >= wanted.until:
        raise Unacceptable.field("/to", "before_from", "`to` must be after `from`.")
    running = (Replay.account_id == work.account_id, Replay.source_id == source.id, Replay.state == "running")
    if await work.session.scalar(select(Replay.id).where(*running)) is not None:
        raise AlreadyReplaying
    replay = Replay(
        id=new_id(),
        account_id=work.account_id,
        source_id=source.id,
        since=wanted.since,
        until=wanted.until,
        state="running",
        created_at=work.now,
    )
    replay.total = await work.session.scalar(select(func.count()).where(*_its(replay))) or 0
    work.session.add(replay)
    await work.schedule(TIMER, key=str(replay.id), due_at=work.now)
    return replay


def listed(work: Work, source: Source) -> Select[Any]:
    return select(Replay).where(Replay.account_id == work.account_id, Replay.source_id == source.id)


async def read(work: Work, source: Source, replay_id: UUID) -> Replay:
    """Raises `ReplayNotFound`."""
    found: Replay | None = await work.session.scalar(listed(work, source).where(Replay.id == replay_id))
    if found is None:
        raise ReplayNotFound
    return found


async def go_on(work: Work, timer: Timer) -> None:
    """One portion more; after the last, wait until all of them were read."""
    replay = await work.session.get(Replay, UUID(timer.key), with_for_update=True)
    if replay is None:
        return
    portion = await _next(work, replay)
    if portion:
        ids = [delivery_id for delivery_id, _ in portion]
        await work.session.execute(update(Delivery).where(Delivery.id.in_(ids)).values(state="received", read_at=None))
        reading.announce(work, replay.source_id, ids)
        replay.reached_id, replay.reached_at = portion[-1]
        await work.schedule(TIMER, key=timer.key, due_at=work.now)
    elif await work.session.scalar(select(Delivery.id).where(*_its(replay), Delivery.state == "received").limit(1)):
        await work.schedule(TIMER, key=timer.key, due_at=work.now + LOOKED_AFTER)
    else:
        replay.state, replay.finished_at = "done", work.now


async def shown(work: Work, replay: Replay) -> ReplayOut:
    """How far it has got. Of one that is done: how those deliveries stand today."""
    counts: dict[str, int] = {}
    if replay.reached_id is not None:
        had_its_turn = tuple_(replay.reached_at, replay.reached_id) >= _PLACE
        counted = select(Delivery.state, func.count()).where(*_its(replay), had_its_turn).group_by(Delivery.state)
        counts = {row[0]: row[1] for row in await work.session.execute(counted)}
    return ReplayOut.model_validate(
        {
            "id": replay.id,
            "from": replay.since,
            "to": replay.until,
            "state": replay.state,
            "total": replay.total,
            "read": counts.get("read", 0),
            "quarantined": counts.get("quarantined", 0),
            "created_at": replay.created_at,
            "finished_at": replay.finished_at,
        }
    )


async def _next(work: Work, replay: Replay) -> Sequence[tuple[UUID, Any]]:
    statement = select(Delivery.id, Delivery.received_at).where(*_its(replay))
    if replay.reached_id is not None:
        statement = statement.where(tuple_(replay.reached_at, replay.reached_id) < _PLACE)
    rows = await work.session.execute(statement.order_by(Delivery.received_at, Delivery.id).limit(AT_ONCE))
    return [(row.id, row.received_at) for row in rows]


def _its(replay: Replay) -> tuple[ColumnElement[bool], ...]:
    return (
        Delivery.account_id == replay.account_id,
        Delivery.source_id == replay.source_id,
        Delivery.received_at >= replay.since,
        Delivery.received_at < replay.until,
        Delivery.state.in_(_READABLE),
    )
