"""Emerging topics: looked for once a day where there is something new, or when somebody asks."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import insert

from services.survey.emerging.lessons import Group
from services.survey.emerging.models import EmergingLook, EmergingTopic, LookState, TopicState
from services.survey.emerging.schemas import Adoption
from services.survey.feedback.models import Feedback
from services.survey.taxonomy import service as taxonomies
from services.survey.taxonomy.schemas import NewTopic
from services.survey.understanding.topics import ANY
from shared.bus.subscriptions import Timer
from shared.dispatch.queue import enqueue
from shared.http.errors import Conflict, NotFound
from shared.ids import new_id
from shared.work import Work

QUEUE: Final = "emerging topics"
TIMER: Final = "emerging.look"
WINDOW: Final = timedelta(days=90)
EVERY: Final = timedelta(days=1)
MOST_TEXTS: Final = 4_000
LEAST_TEXTS: Final = 5
EXAMPLES: Final = 5
# Enough to know it again by.
_MOST_MEMBERS: Final = 500
# Of the smaller of the two, this part has to be in both.
_SAME: Final = 0.5
# A look that takes longer has died more often than it was tried again.
_PATIENCE: Final = timedelta(hours=1)


class Unnamed(NamedTuple):
    """A text without a topic."""

    id: UUID
    text: str
    language: str | None
    occurred_at: datetime


class AlreadyAdopted(Conflict):
    """This has become a topic already; change that in the list of topics."""

    code = "already_adopted"


async def note_unnamed(work: Work, rows: Collection[Mapping[str, Any]]) -> None:
    """Something was said that the list of topics does not have: look within a day. A look that is due already stays."""
    if any(row["text"] and not row["topics"] for row in rows):
        values = {"kind": TIMER, "key": "daily", "due_at": work.now + EVERY, "payload": {}}
        statement = insert(work.tables.timers).values(
            id=new_id(), account_id=work.account_id, correlation_id=work.correlation_id, **values
        )
        await work.session.execute(statement.on_conflict_do_nothing())


async def look_daily(work: Work, timer: Timer) -> None:
    """The timer's handler."""
    await look(work)


async def look(work: Work) -> EmergingLook:
    """Begins one, unless one is under way."""
    known = await work.session.get(EmergingLook, work.account_id, with_for_update=True)
    if known is not None and known.state is LookState.WAITING and work.now - known.requested_at < _PATIENCE:
        return known
    if known is None:
        known = EmergingLook(account_id=work.account_id, looked_at=None)
        work.session.add(known)
    known.run_id, known.state, known.requested_at, known.note = new_id(), LookState.WAITING, work.now, None
    known.texts = await work.session.scalar(select(func.count()).select_from(_unnamed(work).subquery())) or 0
    await work.session.flush()
    await enqueue(work, QUEUE, [(known.run_id, work.account_id)])
    return known


async def texts(work: Work) -> list[Unnamed]:
    """The latest, oldest first."""
    columns = (Feedback.id, Feedback.text, Feedback.language, Feedback.occurred_at)
    latest = _unnamed(work).with_only_columns(*columns).order_by(Feedback.occurred_at.desc(), Feedback.id.desc())
    rows = (await work.session.execute(latest.limit(MOST_TEXTS))).all()
    return [Unnamed(row.id, row.text or "", row.language, row.occurred_at) for row in reversed(rows)]


async def keep(work: Work, groups: Sequence[Group], said: Sequence[Unnamed]) -> None:
    """What is known already keeps its id and its state; an open one that is not seen any more goes."""
    known = (await work.session.scalars(listed(work, None).with_for_update())).all()
    members = [[str(said[at].id) for at in group.members] for group in groups]
    here = {str(one.id) for one in said}
    pairs = _matched(known, members, here)
    for at, group in enumerate(groups):
        topic = pairs.get(at)
        if topic is None:
            topic = EmergingTopic(
                id=new_id(), account_id=work.account_id, state=TopicState.OPEN, adopted_as=None, first_seen_at=work.now
            )
            work.session.add(topic)
        rows = [said[place] for place in group.members]
        topic.phrases, topic.size, topic.members = group.phrases, len(rows), members[at][:_MOST_MEMBERS]
        topic.weeks = _by_week(rows)
        topic.languages = dict(Counter(row.language.split("-")[0] for row in rows if row.language))
        topic.updated_at = work.now
    seen = {topic.id for topic in pairs.values()}
    for topic in known:
        if topic.state is TopicState.OPEN and topic.id not in seen:
            await work.session.delete(topic)


def listed(work: Work, state: TopicState | None) -> Select[Any]:
    statement = select(EmergingTopic).where(EmergingTopic.account_id == work.account_id)
    return statement if state is None else statement.where(EmergingTopic.state == state)


async def read(work: Work, topic_id: UUID) -> EmergingTopic:
    """To change it. Raises `NotFound`."""
    statement = listed(work, None).where(EmergingTopic.id == topic_id)
    found: EmergingTopic | None = await work.session.scalar(statement.with_for_update())
    if found is None:
        raise NotFound("There is no such emerging topic here.")
    return found


async def dismiss(work: Work, topic_id: UUID) -> EmergingTopic:
    """It is known again, and stays out of the list, as one does that was adopted."""
    topic = await read(work, topic_id)
    if topic.state is TopicState.OPEN:
        topic.state = TopicState.DISMISSED
    return topic


async def adopt(work: Work, topic_id: UUID, wanted: Adoption) -> EmergingTopic:
    """Raises `AlreadyAdopted`, or `Unacceptable` for what the list of topics cannot take."""
    topic = await read(work, topic_id)
    if topic.state is TopicState.ADOPTED:
        raise AlreadyAdopted
    synonyms = wanted.synonyms or {ANY: topic.phrases}
    await taxonomies.add(work, NewTopic(key=wanted.key, name=wanted.name, parent=wanted.parent, synonyms=synonyms))
    topic.state, topic.adopted_as = TopicState.ADOPTED, wanted.key
    return topic


def _unnamed(work: Work) -> Select[Any]:
    return select(Feedback).where(
        Feedback.account_id == work.account_id,
        Feedback.text.is_not(None),
        Feedback.automatic.is_(None),
        Feedback.removed_at.is_(None),
        Feedback.topics == [],
        Feedback.occurred_at >= work.now - WINDOW,
    )


def _matched(
    known: Sequence[EmergingTopic], members: Sequence[Sequence[str]], here: Collection[str]
) -> dict[int, EmergingTopic]:
    """Place of a new group to the topic that it is, by the texts that are in both; the most alike first."""
    alike = []
    for topic in known:
        before = set(topic.members) & set(here)
        for at, ids in enumerate(members):
            both = len(before.intersection(ids))
            if both and both >= _SAME * min(len(before), len(ids)):
                alike.append((both, at, topic))
    found: dict[int, EmergingTopic] = {}
    taken: set[UUID] = set()
    for _, at, topic in sorted(alike, key=lambda one: (-one[0], one[1], str(one[2].id))):
        if at not in found and topic.id not in taken:
            found[at] = topic
            taken.add(topic.id)
    return found


def _by_week(rows: Sequence[Unnamed]) -> list[dict[str, Any]]:
    days = (row.occurred_at.date() for row in rows)
    counts = Counter(day - timedelta(days=day.weekday()) for day in days)
    return [{"week": week.isoformat(), "count": counts[week]} for week in sorted(counts)]
