"""What people and programs enter themselves becomes feedback like any other."""

import json
from decimal import Decimal
from typing import Any, Final

from services.survey.contacts import directory
from services.survey.entries.schemas import MOST_DIMENSIONS, SCALES, Named, NewEntry, NewRecord, Score
from services.survey.feedback import service as feedback_service
from services.survey.feedback.models import Feedback
from services.survey.hearing.canonical import WIDEST_SCALE, Author, FeedbackItem, ItemRating, RatingKind, version_of
from services.survey.hearing.service import hear
from services.survey.sources.builtin import builtin_source
from shared.http.errors import Conflict, Unacceptable
from shared.ids import new_id
from shared.work import Work

_KINDS: Final[dict[str, RatingKind]] = {"nps": "nps", "csat": "csat", "ces": "ces", "rating": "stars"}
_LONGEST_VALUE: Final = 200


class RecordExists(Conflict):
    """There is a record of this submission and field already."""

    code = "record_exists"


async def enter(work: Work, wanted: NewEntry) -> Feedback:
    """A call, a conversation, a letter. Raises `Unacceptable` for a customer who is not here."""
    item = FeedbackItem(
        external_id=str(new_id()),
        occurred_at=wanted.occurred_at or work.now,
        author=await _author(work, wanted.customer),
        rating=rating_of(wanted.score) if wanted.score else None,
        dimensions=dict(wanted.dimensions),
        **wanted.model_dump(exclude={"customer", "score", "dimensions", "occurred_at"}),
    )
    return await _heard(work, "staff", item)


async def record(work: Work, wanted: NewRecord) -> Feedback:
    """One answered field. Raises `RecordExists` for one of the same submission and field that says something else."""
    source = await builtin_source(work, "records")
    item = FeedbackItem(
        external_id=f"{wanted.submission_id}/{wanted.field_id}",
        external_version=version_of(_said(wanted)),
        occurred_at=wanted.collected_at or work.now,
        kind="survey",
        channel="api",
        solicited=True,
        author=Author(external_id=wanted.user_id, anonymous=wanted.user_id is None),
        rating=_scored(wanted),
        title=wanted.field_label,
        text=wanted.value_text if wanted.field_type == "text" else None,
        language=wanted.language,
        dimensions=_dimensions(wanted),
    )
    known = await feedback_service.find_external(work, source.id, item.external_id)
    if known is not None and known.external_version != item.external_version:
        raise RecordExists("Change it with PATCH /v1/feedback/{id}, or give another submission_id.")
    return await _heard(work, "records", item)


async def _heard(work: Work, adapter: str, item: FeedbackItem) -> Feedback:
    [heard] = await hear(work, await builtin_source(work, adapter), [item])
    assert heard.feedback_id is not None
    return await feedback_service.read(work, heard.feedback_id)


async def _author(work: Work, named: Named | None) -> Author:
    """The account's own people say who it was, so what they say may lead to a record."""
    if named is None:
        return Author(anonymous=True)
    if named.id is not None and named.id not in await directory.by_id(work, [named.id]):
        detail = "There is no such customer here (yet)."
        raise Unacceptable.field("/customer/id", "unknown_customer", detail)
    own = named.model_dump(exclude={"id"})
    return Author(customer_id=named.id, **own)


def rating_of(score: Score) -> ItemRating:
    """As hearing takes it."""
    lowest, highest = score.scale
    return ItemRating(raw=format(score.value, "f"), value=score.value, minimum=lowest, maximum=highest, kind=score.kind)


def _scored(wanted: NewRecord) -> ItemRating | None:
    kind = _KINDS.get(wanted.field_type)
    if kind is None or wanted.value_number is None:
        return None
    lowest, highest = _scale(wanted)
    value = wanted.value_number
    if not lowest <= value <= highest:
        detail = (
            f"A {wanted.field_type} lies on {lowest:f} to {highest:f} here; "
            "give `minimum` and `maximum` in `metadata` for another scale."
        )
        raise Unacceptable.field("/value_number", "outside_scale", detail)
    return ItemRating(raw=format(value, "f"), value=value, minimum=lowest, maximum=highest, kind=kind)


def _scale(wanted: NewRecord) -> tuple[Decimal, Decimal]:
    """Hub says nothing of scales; whoever uses others than usual can say so in the metadata."""
    lowest, highest = SCALES[wanted.field_type]
    stated = wanted.metadata or {}
    given = (stated.get("minimum", lowest), stated.get("maximum", highest))
    if not all(_is_bound(each) for each in given) or given[0] >= given[1]:
        detail = f"`minimum` and `maximum` are numbers within -{WIDEST_SCALE} and {WIDEST_SCALE}, one below the other."
        raise Unacceptable.field("/metadata", "bad_scale", detail)
    return Decimal(str(given[0])), Decimal(str(given[1]))


def _dimensions(wanted: NewRecord) -> dict[str, str]:
    """What it was asked by, what was chosen, and whatever else is short."""
    chosen = wanted.value_id or wanted.value_text if wanted.field_type == "categorical" else None
    values: dict[str, Any] = {
        "tenant": wanted.tenant_id,
        "source_type": wanted.source_type,
        "source_id": wanted.source_id,
        "source_name": wanted.source_name,
        "submission": wanted.submission_id,
        "field": wanted.field_id,
        "field_group": wanted.field_group_id,
        "answer": chosen if chosen is not None else _plain(wanted),
        **{name: value for name, value in (wanted.metadata or {}).items() if isinstance(value, str | int | bool)},
    }
    kept = [(name, str(value)) for name, value in values.items() if value is not None and str(value)]
    short = [(name[:40], value) for name, value in kept if len(value) <= _LONGEST_VALUE]
    return dict(short[:MOST_DIMENSIONS])


def _plain(wanted: NewRecord) -> str | None:
    if wanted.value_boolean is not None:
        return "yes" if wanted.value_boolean else "no"
    if wanted.value_date is not None:
        return wanted.value_date.date().isoformat()
    if wanted.field_type == "number" and wanted.value_number is not None:
        return format(wanted.value_number, "f")
    return None


def _is_bound(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -WIDEST_SCALE <= value <= WIDEST_SCALE


def _said(wanted: NewRecord) -> str:
    """All of a record but its time, numbers of any size included."""
    return json.dumps(wanted.model_dump(mode="json", exclude={"collected_at"}), sort_keys=True)
