"""Training: rows from the database, fitting in a process of its own, the model and its figures back."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from services.survey.learning import calibration, corrections, service
from services.survey.learning.corrections import Judged
from services.survey.learning.lessons import Learned, Lesson, Row
from services.survey.learning.linear import unpacked
from services.survey.learning.models import ModelState, TextModel
from services.survey.learning.reading import signals_of
from services.survey.taxonomy import service as taxonomies
from services.survey.understanding.analysis import Analysis, analyse
from services.survey.understanding.topics import Taxonomy
from shared.apart import Failed, run_apart
from shared.dispatch.dispatcher import Dispatcher
from shared.dispatch.queue import Claim, finish, open_claim
from shared.service import Runtime
from shared.work import Work

_MODULE: Final = "services.survey.learning.fitting"
_SECONDS: Final = 900.0
_MEGABYTES: Final = 3_072
_MOST_ATTEMPTS: Final = 3
MOST_VERSIONS: Final = 5
# Who corrects mistakes only would teach a model that the built-in reading is always wrong. With fewer confirmations
# than this part it learns from the words alone.
_LEAST_CONFIRMED: Final = 0.3


async def train(runtime: Runtime, claim: Claim) -> None:
    """One attempt; the claim is named after the model."""
    async with open_claim(runtime, claim) as work:
        model = await service.find(work, claim.id)
        if model is None:
            await finish(work, claim)
            return
        model.state = ModelState.TRAINING
        kind = model.kind
        judged = await corrections.judged(work, kind)
        taxonomy = await taxonomies.current(work)
    labels = service.labels_to_learn(kind, judged)
    if not labels:
        await _give_up(runtime, claim, "there are not enough corrections any more")
        return
    if claim.attempts > _MOST_ATTEMPTS:
        await _give_up(runtime, claim, "training ended without a result, several times")
        return
    lesson, built_in = await asyncio.to_thread(_lesson, kind, labels, judged, taxonomy)
    try:
        output = await run_apart(_MODULE, lesson.model_dump_json().encode(), seconds=_SECONDS, megabytes=_MEGABYTES)
    except Failed as problem:
        await _give_up(runtime, claim, str(problem))
        return
    learned = Learned.model_validate_json(output)
    async with open_claim(runtime, claim) as work:
        model = await service.find(work, claim.id)
        if await finish(work, claim) and model is not None:
            is_better = _note(work, model, judged, lesson, built_in, learned)
            await _settle(work, model, is_better=is_better)


def _lesson(
    kind: str, labels: Sequence[str], judged: Sequence[Judged], taxonomy: Taxonomy
) -> tuple[Lesson, list[Analysis]]:
    """The rows oldest first, with what the built-in reading says of each."""
    ordered = list(reversed(judged))
    built_in = [analyse(one.text, rating=None, language_hint=one.language, taxonomy=taxonomy) for one in ordered]
    is_balanced = _confirmed(judged) >= _LEAST_CONFIRMED * len(judged)
    rows = [
        Row(
            text=one.text,
            labels=[one.after] if kind == "sentiment" else [label for label in one.after if label in labels],
            signals=signals_of(kind, analysis) if is_balanced else {},
        )
        for one, analysis in zip(ordered, built_in, strict=True)
    ]
    return Lesson(rows=rows, labels=list(labels), link="softmax" if kind == "sentiment" else "sigmoid"), built_in


def _note(
    work: Work,
    model: TextModel,
    judged: Sequence[Judged],
    lesson: Lesson,
    built_in: Sequence[Analysis],
    learned: Learned,
) -> bool:
    """The model with its figures; whether it makes anything better."""
    unpacked(learned.bytes)
    if model.kind == "sentiment":
        said = [one.sentiment.label if one.sentiment else None for one in built_in]
        truths = [row.labels[0] for row in lesson.rows]
        thresholds, figures = calibration.one_of(learned.held_out, truths, said, model.precision)
    else:
        found = [{topic.key for topic in one.topics} for one in built_in]
        sets = [set(row.labels) for row in lesson.rows]
        thresholds, figures = calibration.each(learned.held_out, sets, found, model.precision)
    counts = service.label_counts(model.kind, judged)
    model.content, model.thresholds = learned.bytes, thresholds
    model.figures = asdict(figures) | {
        "confirmed": _confirmed(judged),
        "labels": [{"label": label, "corrections": counts[label]} for label in lesson.labels],
    }
    model.state, model.corrections, model.trained_at = ModelState.READY, len(judged), work.now
    return figures.together > figures.before


async def _settle(work: Work, model: TextModel, *, is_better: bool) -> None:
    """Active if it helps and nobody has switched its kind off; of older versions a few stay, to go back to."""
    older = await service.others(work, model)
    was_switched_off = any(one.state is ModelState.READY for one in older) and not any(one.active for one in older)
    if not is_better:
        model.note = "not active: on corrections it had not seen it made nothing better"
    elif was_switched_off:
        model.note = "not active: the one before was switched off by hand"
    else:
        await service.activate(work, model.id)
    gone = older if model.replaces else [one for one in older if not one.active][MOST_VERSIONS - 1 :]
    for one in gone:
        await work.session.delete(one)


async def _give_up(runtime: Runtime, claim: Claim, why: str) -> None:
    async with open_claim(runtime, claim) as work:
        model = await service.find(work, claim.id)
        if not await finish(work, claim) or model is None:
            return
        model.state, model.note = ModelState.FAILED, why
        if model.replaces:
            for one in await service.others(work, model):
                await work.session.delete(one)


def _confirmed(judged: Sequence[Judged]) -> int:
    def plain(value: Any) -> Any:
        return sorted(value) if isinstance(value, list) else value

    return sum(plain(one.before) == plain(one.after) for one in judged)


TRAINING: Final = Dispatcher(service.QUEUE, train, at_once=1, per_lane=1)
