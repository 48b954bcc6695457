"""An account's own models: asked for, listed, switched on and off."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, func, select, update

from services.survey.learning import corrections
from services.survey.learning.corrections import Judged
from services.survey.learning.models import PRECISION, Correction, ModelState, TextModel
from shared.bus.subscriptions import Timer
from shared.contracts.ratings import Band
from shared.dispatch.queue import enqueue
from shared.http.errors import Conflict, NotFound
from shared.ids import new_id
from shared.work import Work

QUEUE: Final = "text models"
CONSIDER: Final = "learning.consider"
BY_ITSELF: Final = "heed"
SENTIMENTS: Final[tuple[Band, ...]] = ("negative", "neutral", "positive")
# Of each label; with less a model learns names and accidents.
FEWEST: Final = 10
# Learning by itself waits for people to pause, and for something new to be worth it.
_REST: Final = timedelta(hours=1)
FEWEST_NEW: Final = 20


class NotEnoughCorrections(Conflict):
    """There are not enough corrections to learn from."""

    code = "not_enough_corrections"


class NotTrained(Conflict):
    """This model is not ready: only one that has been trained can be activated."""

    code = "model_not_ready"


async def request(work: Work, kind: str, precision: float) -> TextModel:
    """Raises `NotEnoughCorrections`, which says what is missing."""
    found = await corrections.judged(work, kind)
    if not labels_to_learn(kind, found):
        raise NotEnoughCorrections(_missing(kind, found))
    return await create(work, kind, precision, requested_by=str(work.actor))


async def create(
    work: Work, kind: str, precision: float, *, requested_by: str = BY_ITSELF, replaces: bool = False
) -> TextModel:
    """The next version, to be trained at once. `replaces`: every older one has to go, whatever comes of this one."""
    last = select(func.max(TextModel.version)).where(TextModel.account_id == work.account_id, TextModel.kind == kind)
    model = TextModel(
        id=new_id(),
        account_id=work.account_id,
        kind=kind,
        version=(await work.session.scalar(last) or 0) + 1,
        state=ModelState.WAITING,
        active=False,
        replaces=replaces,
        precision=precision,
        corrections=0,
        thresholds={},
        figures=None,
        note=None,
        content=None,
        requested_by=requested_by,
        created_at=work.now,
        trained_at=None,
    )
    work.session.add(model)
    await work.session.flush()
    await enqueue(work, QUEUE, [(model.id, work.account_id)])
    return model


async def note_correction(work: Work, kind: str) -> None:
    """Somebody corrected something: learn from it once they rest."""
    await work.schedule(CONSIDER, key=kind, due_at=work.now + _REST)


async def consider(work: Work, timer: Timer) -> None:
    """The timer's handler: a new version, if there is enough to learn and enough of it is new."""
    kind = timer.key
    newest = listed(work, kind).where(TextModel.state == ModelState.READY).order_by(TextModel.version.desc()).limit(1)
    last: TextModel | None = await work.session.scalar(newest)
    fresh = await corrections.count_since(work, kind, last.trained_at if last else None)
    if fresh >= FEWEST_NEW and labels_to_learn(kind, await corrections.judged(work, kind)):
        await create(work, kind, last.precision if last else PRECISION)


async def unlearn(work: Work, feedback_ids: Collection[UUID]) -> None:
    """These texts are about to be erased. Models that learned from them go, the active one when its successor is here
    or cannot be made."""
    mine = (Correction.account_id == work.account_id) & Correction.feedback_id.in_(feedback_ids)
    for kind in (await work.session.scalars(select(Correction.what).where(mine).distinct())).all():
        newest = listed(work, kind).order_by(TextModel.version.desc()).limit(1)
        last: TextModel | None = await work.session.scalar(newest)
        if last is not None:
            model = await create(work, kind, last.precision, replaces=True)
            idle = listed(work, kind).where(TextModel.active.is_(False), TextModel.id != model.id)
            for surplus in await work.session.scalars(idle):
                await work.session.delete(surplus)


def listed(work: Work, kind: str | None) -> Select[Any]:
    statement = select(TextModel).where(TextModel.account_id == work.account_id)
    return statement if kind is None else statement.where(TextModel.kind == kind)


async def find(work: Work, model_id: UUID) -> TextModel | None:
    """To change it; None if it is gone."""
    found: TextModel | None = await work.session.scalar(
        listed(work, None).where(TextModel.id == model_id).with_for_update()
    )
    return found


async def others(work: Work, model: TextModel) -> Sequence[TextModel]:
    """Of the same kind, the newest first."""
    statement = listed(work, None).where(TextModel.kind == model.kind, TextModel.id != model.id)
    return (await work.session.scalars(statement.order_by(TextModel.version.desc()))).all()


async def read(work: Work, model_id: UUID) -> TextModel:
    """Raises `NotFound`."""
    model = await find(work, model_id)
    if model is None:
        raise NotFound("There is no such text model here.")
    return model


async def activate(work: Work, model_id: UUID) -> TextModel:
    """The one of its kind. Raises `NotTrained`."""
    model = await read(work, model_id)
    if model.state is not ModelState.READY:
        raise NotTrained
    await work.session.execute(
        update(TextModel)
        .where(TextModel.account_id == work.account_id, TextModel.kind == model.kind, TextModel.id != model.id)
        .values(active=False)
    )
    model.active, model.note = True, None
    return model


async def deactivate(work: Work, model_id: UUID) -> TextModel:
    model = await read(work, model_id)
    if model.active:
        model.active, model.note = False, "switched off by hand"
    return model


def labels_to_learn(kind: str, found: Sequence[Judged]) -> list[str]:
    """Those with enough corrections for and against; of sentiments all three or none."""
    counts = label_counts(kind, found)
    if kind == "sentiment":
        return list(SENTIMENTS) if all(counts.get(label, 0) >= FEWEST for label in SENTIMENTS) else []
    return sorted(label for label, count in counts.items() if FEWEST <= count <= len(found) - FEWEST)


def label_counts(kind: str, found: Sequence[Judged]) -> Mapping[str, int]:
    if kind == "sentiment":
        return Counter(str(one.after) for one in found)
    return Counter(label for one in found for label in set(one.after))


def _missing(kind: str, found: Sequence[Judged]) -> str:
    if kind == "topics":
        return (
            f"A topic can be learned once {FEWEST} texts were corrected to have it and {FEWEST} not to have it; "
            f"so far the topics of {len(found)} texts were corrected."
        )
    counts = label_counts(kind, found)
    lacking = {label: FEWEST - counts.get(label, 0) for label in SENTIMENTS}
    missing = ", ".join(f"{count} more {label}" for label, count in lacking.items() if count > 0)
    return f"A model needs {FEWEST} corrections of each sentiment: {missing} to go."
