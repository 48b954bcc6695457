"""Hearing: items become versions, feedback and effects, each once, however often and in whatever order they come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Boolean, column, select, text

from services.survey.attachments import fetching as media
from services.survey.attachments import service as attachments
from services.survey.contacts.people import People
from services.survey.emerging import service as emerging
from services.survey.encoding import as_stored, as_text
from services.survey.external_models import service as external_models
from services.survey.feedback.models import Feedback
from services.survey.feedback.understanding import told
from services.survey.hearing import effects
from services.survey.hearing.authors import reference_of
from services.survey.hearing.canonical import FeedbackItem, Item
from services.survey.hearing.records import record_of
from services.survey.hearing.remembering import numbers, remember, told_apart
from services.survey.hearing.sender import Sender
from services.survey.hearing.versions import Key, Row, feedback_id_of, newest, version_at
from services.survey.invitations import texting
from services.survey.learning.reading import Reader, reader_of
from services.survey.mail.threading import place
from shared.contracts.feedback import FeedbackUpdated
from shared.contracts.survey import CustomerReference, CustomerSighted
from shared.work import Work

Outcome = Literal["new", "edited", "same", "removed"]


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of an item. `same`: it was heard before, or is older than what is known."""

    feedback_id: UUID | None
    outcome: Outcome


_GONE = text("""
    select external_id, max(version_at) as gone_at from survey.heard_items
    where account_id = :account_id and source_id = :source_id and what = 'feedback' and removal
        and external_id = any(cast(:external_ids as text[]))
    group by external_id
""")
# An older version never takes the place of a newer one; the same does if it is understood better now. What only says
# the same again is no new version of the record. What colleagues corrected stays as long as the words are the same.
_CONTENT = "scheme, score, minimum, maximum, title, text"
_SHOWN = (
    f"{_CONTENT}, kind, channel, touchpoint, url, author_name, verified, product_ref, order_ref, location_ref, "
    "language, dimensions"
)
_LABELS = (
    "sentiment_label, sentiment_score, sentiment_method, sentiment_evidence, sentiment_model, sentiment_mixed, "
    "urgency_label, urgency_evidence, topics"
)


def _of(table: str, columns: str) -> str:
    return ", ".join(f"{table}.{name}" for name in columns.split(", "))


_UPSERT = text(f"""
    insert into survey.feedback as known
    select * from json_populate_recordset(null::survey.feedback, cast(:rows as json))
    on conflict (id) do update set
        version = known.version + cast(
            ({_of("known", _SHOWN)}, known.removed_at) is distinct from ({_of("excluded", _SHOWN)}, null) as integer
        ),
        external_version = excluded.external_version, version_at = excluded.version_at, removed_at = null,
        occurred_at = case
            when known.external_version = excluded.external_version then (
                select least(min(heard.occurred_at), excluded.occurred_at) from survey.heard_items heard
                where heard.account_id = known.account_id and heard.feedback_id = known.id and not heard.removal
            )
            else least(known.occurred_at, excluded.occurred_at)
        end,
        updated_at = excluded.updated_at, normalised = excluded.normalised, band = excluded.band,
        first_rating = case
            when known.external_version = excluded.external_version or known.score is null
                or known.normalised is not distinct from excluded.normalised
                then known.first_rating
            else coalesce(known.first_rating, jsonb_build_object(
                'scheme', known.scheme, 'value', known.score, 'minimum', known.minimum, 'maximum', known.maximum,
                'normalised', known.normalised, 'band', known.band
            ))
        end,
        ({_SHOWN}) = row ({_of("excluded", _SHOWN)}),
        customer_id = coalesce(known.customer_id, excluded.customer_id),
        thread_id = coalesce(known.thread_id, excluded.thread_id),
        ticket_id = coalesce(known.ticket_id, excluded.ticket_id),
        ({_LABELS}) = (
            select {_of("kept", _LABELS)} from (values
                (true, {_of("known", _LABELS)}), (false, {_of("excluded", _LABELS)})
            ) as kept (same, {_LABELS})
            where kept.same = (({_of("known", _CONTENT)}) is not distinct from ({_of("excluded", _CONTENT)}))
        )
    where known.version_at < excluded.version_at
        or known.removed_at is null and known.version_at = excluded.version_at
        or known.removed_at is null and known.external_version = excluded.external_version
    returning known.id, known.xmax = 0 as is_new,
        known.version is distinct from (select before.version from survey.feedback before where before.id = known.id)
            as is_changed
""").columns(Feedback.id, column("is_new", Boolean), column("is_changed", Boolean))
_UNSAID: Final[Row] = dict.fromkeys(Feedback.__table__.columns.keys())
_REMOVE = text("""
    update survey.feedback known
    set removed_at = :now, updated_at = :now, version = known.version + 1,
        version_at = greatest(known.version_at, gone.version_at)
    from json_to_recordset(cast(:gone as json)) as gone (id uuid, version_at timestamptz)
    where known.account_id = :account_id and known.id = gone.id and known.removed_at is null
    returning known.*
""").columns(*Feedback.__table__.columns)


async def hear(
    work: Work,
    source: Sender,
    items: Sequence[Item],
    *,
    delivery_id: UUID | None = None,
    said_at: datetime | None = None,
    reader: Reader | None = None,
) -> list[Heard]:
    """Any number of items of one source, in the order in which it told of them. Answers for each, in that order.

    `said_at`: when they reached us, if it was not now. What the delivery said otherwise before is corrected.
    `reader`: the account's (see `reader_of`), if it knows some of the words already.
    """
    items = await told_apart(work, source, items, said_at or work.now)
    new, corrected = await remember(work, source, items, delivery_id=delivery_id, said_at=said_at or work.now)
    said = [item for item in new if isinstance(item, FeedbackItem)]
    # A text message that answers a question is a response, and no message.
    answered = {Key.of(item) for item in await texting.take_answers(work, said)}
    said += [item for item in corrected if isinstance(item, FeedbackItem)]
    said = [await _prepared(work, source, item) for item in said if Key.of(item) not in answered]
    became = await _hear_feedback(work, source, said, reader or await reader_of(work)) if said else {}
    became |= dict.fromkeys(answered, "new")
    fresh = [*new, *corrected]
    numbered = await numbers(work, source, fresh)
    for item in fresh:
        if not isinstance(item, FeedbackItem):
            effects.tell(work, source, item, number=numbered.get(Key.of(item)))
    outcomes: list[Heard] = []
    pending = {Key.of(item): item for item in fresh}
    for item in items:
        feedback_id = feedback_id_of(source.id, item.external_id) if item.what == "feedback" else None
        mine = pending.pop(Key.of(item), None)
        outcome: Outcome = "same"
        if mine is not None:
            outcome = became.get(Key.of(item), "same") if feedback_id else "new"
        outcomes.append(Heard(feedback_id, outcome))
    return outcomes


async def _prepared(work: Work, source: Sender, item: FeedbackItem) -> FeedbackItem:
    """With what came along kept, and a mail in its conversation."""
    if item.op == "delete":
        return item
    await media.begin(work, source, item)
    return await place(work, source, await attachments.keep(work, source, item))


async def _hear_feedback(
    work: Work, source: Sender, items: Sequence[FeedbackItem], reader: Reader
) -> dict[Key, Outcome]:
    latest = newest(items, work.now)
    present = [latest[external_id] for external_id in sorted(latest) if latest[external_id].op != "delete"]
    # Once it is gone it is gone, unless a later version says otherwise.
    gone = [item for item in items if item.op == "delete" and latest[item.external_id].op == "delete"]
    became: dict[Key, Outcome] = dict(await _say(work, source, present, reader))
    became |= await _remove(work, source, gone)
    return became


async def _say(work: Work, source: Sender, items: Sequence[FeedbackItem], reader: Reader) -> dict[Key, Outcome]:
    items = await _not_gone(work, source, items)
    if not items:
        return {}
    references = {item.external_id: reference_of(item.author, source, order=item.order_ref) for item in items}
    encoded, rows = as_stored(await _rows(work, source, items, references, reader))
    written = {row.id: row for row in await work.session.execute(_UPSERT, {"rows": encoded})}
    # What is new is stored as it is here; of what was known, much stays.
    stored = {row["id"]: _UNSAID | row for row in rows if row["id"] in written}
    stored |= await _shown(work, [each.id for each in written.values() if not each.is_new])
    await emerging.note_unnamed(work, rows)
    await external_models.note(work, list(stored.values()))
    became: dict[Key, Outcome] = {}
    for item in items:
        feedback_id = feedback_id_of(source.id, item.external_id)
        known = written.get(feedback_id)
        if known is not None and (known.is_new or known.is_changed):
            became[Key.of(item)] = "new" if known.is_new else "edited"
            _tell(work, stored[feedback_id], item, references[item.external_id], is_new=known.is_new)
    return became


async def _shown(work: Work, feedback_ids: Sequence[UUID]) -> dict[UUID, Row]:
    if not feedback_ids:
        return {}
    table = Feedback.__table__
    theirs = (table.c.account_id == work.account_id) & table.c.id.in_(feedback_ids)
    return {row["id"]: dict(row) for row in (await work.session.execute(select(table).where(theirs))).mappings()}


async def _rows(
    work: Work,
    source: Sender,
    items: Sequence[FeedbackItem],
    references: Mapping[str, CustomerReference | None],
    reader: Reader,
) -> list[Row]:
    people = await People.named_in(work, list(references.values()))
    rows = []
    for item in items:
        reference = references[item.external_id]
        person = people.find(reference)
        locale = person.locale if person else None
        row = record_of(item, source, account_id=work.account_id, locale=locale, reader=reader, now=work.now)
        if reference is not None:
            # Who is not known here may be known to the customers service: it says.
            row["customer_id"] = person.customer_id if person else None
            row["told"] = person is not None
        rows.append(row)
    return rows


async def _not_gone(work: Work, source: Sender, items: Sequence[FeedbackItem]) -> Sequence[FeedbackItem]:
    """Without those whose removal was heard of before they were."""
    values: dict[str, Any] = {"account_id": work.account_id, "source_id": source.id}
    values["external_ids"] = [item.external_id for item in items]
    gone = {row.external_id: row.gone_at for row in await work.session.execute(_GONE, values)}
    return [
        item for item in items if item.external_id not in gone or version_at(item, work.now) > gone[item.external_id]
    ]


async def _remove(work: Work, source: Sender, items: Sequence[FeedbackItem]) -> dict[Key, Outcome]:
    """The words stay; it is marked, and nobody counts it any more."""
    if not items:
        return {}
    gone = {
        feedback_id_of(source.id, item.external_id): version_at(item, work.now)
        for item in sorted(items, key=lambda item: version_at(item, work.now))
    }
    values = {"gone": as_text([{"id": id_, "version_at": at} for id_, at in gone.items()])}
    removed = await work.session.execute(_REMOVE, values | {"account_id": work.account_id, "now": work.now})
    rows: dict[str, Row] = {row["external_id"]: dict(row) for row in removed.mappings()}
    for row in rows.values():
        if row["told"]:
            work.emit(FeedbackUpdated(**dict(told(row)), reason="removed"), subject=row["id"], version=row["version"])
    return {Key.of(item): "removed" for item in items if item.external_id in rows}


def _tell(work: Work, row: Row, item: FeedbackItem, reference: CustomerReference | None, *, is_new: bool) -> None:
    # An edit may say what leads to somebody, such as the order's number, where nothing did before.
    if reference is not None and row["customer_id"] is None and (is_new or row["told"]):
        author = item.author
        sighted = CustomerSighted(
            sighting_id=row["id"], customer=reference, verified=author.verified, answerable=author.answerable
        )
        work.emit(sighted, subject=row["id"])
    if is_new and row["told"]:
        work.emit(told(row), subject=row["id"], version=row["version"])
    elif row["told"]:
        work.emit(FeedbackUpdated(**dict(told(row)), reason="edited"), subject=row["id"], version=row["version"])
