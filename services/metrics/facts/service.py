"""Writing facts down, changing and erasing them, and keeping the rollups in step with each."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import TextClause, text

from services.metrics.facts.reading import REVIEW, Reading, as_family, read, rerated
from services.metrics.rollups.counting import add_to_rollups, drop_empty_cells, share_upkeep
from services.metrics.rollups.models import KEY
from shared.contracts.feedback import Feedback
from shared.work import Work


class Heard(NamedTuple):
    """Feedback as one version of it stands; the highest counts."""

    version: int
    feedback: Feedback


# Column of a fact, and the type its values travel as.
_COLUMNS = {
    "feedback_id": "uuid",
    "question": "text",
    "occurred_at": "timestamptz",
    "received_at": "timestamptz",
    "scheme": "text",
    "minimum": "smallint",
    "maximum": "smallint",
    "value": "integer",
    "points": "smallint",
    "index": "numeric",
    "flaw": "text",
    "completed": "boolean",
    "channel": "text",
    "touchpoint": "text",
    "journey_stage": "text",
    "survey_id": "uuid",
    "customer_id": "uuid",
    "language": "text",
    "dimensions": "text",
}
_NAMES = ", ".join(_COLUMNS)
_ARRAYS = ", ".join(f"cast(:{name} as {kind}[])" for name, kind in _COLUMNS.items())
_VALUES = ", ".join("dimensions::jsonb" if name == "dimensions" else f"incoming.{name}" for name in _COLUMNS)

_WORKED_OUT = ("generation", "day", "variant")
_COUNTED = ", ".join(
    [*(name for name in KEY if name not in _WORKED_OUT), "occurred_at", "dimensions", "points", "index"]
)
_PLACES = "scheme, (occurred_at at time zone 'UTC')::date as day"

# Which of it is news. A row that was there before has facts to be replaced (an insert leaves `xmax` at 0). Rows here,
# facts and cells are each written in the order of their keys, so that two batches wait for each other rather than for
# ever; who has the row here writes the feedback's facts.
_HEAR = text(
    """
    insert into metrics.heard as known (account_id, feedback_id, version, erased)
    select :account_id, told.id, told.version, false
    from unnest(cast(:ids as uuid[]), cast(:versions as integer[])) as told (id, version) order by told.id
    on conflict (account_id, feedback_id) do update set version = excluded.version
    where known.version < excluded.version and not known.erased
    returning feedback_id, xmax = 0 as is_first
    """
)
_HEAR_OF_ERASURE = text(
    """
    insert into metrics.heard (account_id, feedback_id, version, erased)
    select :account_id, id, 0, true from unnest(cast(:ids as uuid[])) as told (id) order by id
    on conflict (account_id, feedback_id) do update set erased = true
    """
)
_RECORD = text(
    f"""
    with incoming as (
        select * from unnest({_ARRAYS}) as incoming ({_NAMES})
    ), fresh as (
        insert into metrics.facts (account_id, {_NAMES}, exclusion)
        select :account_id, {_VALUES}, coalesce(incoming.flaw, person.exclusion) from incoming
        left join metrics.people person on incoming.customer_id is not null and person.account_id = :account_id
            and person.person_id = metrics.present_id(:account_id, incoming.customer_id)
        order by feedback_id, question
        returning *, 1 as sign
    )
    {add_to_rollups("fresh")}
    """
)
_RETRACT = text(
    f"""
    with gone as (
        delete from metrics.facts where account_id = :account_id and feedback_id = any(cast(:ids as uuid[]))
        returning *, -1 as sign
    ), counted as (
        {add_to_rollups("gone")}
    )
    select distinct {_PLACES} from gone
    """
)
_JUDGE = text(
    f"""
    with person as (
        select asked.id, known.exclusion from unnest(cast(:ids as uuid[])) as asked (id)
        left join metrics.people known on known.account_id = :account_id and known.person_id = asked.id
    ), before as (
        select fact.*, coalesce(fact.flaw, person.exclusion) as verdict from metrics.facts fact
        join person on person.id = fact.customer_id
        where fact.account_id = :account_id and fact.exclusion is distinct from coalesce(fact.flaw, person.exclusion)
    ), after as (
        update metrics.facts fact set exclusion = before.verdict from before
        where fact.account_id = :account_id and fact.feedback_id = before.feedback_id
            and fact.question = before.question
    ), moved as (
        select {_COUNTED}, exclusion, -1 as sign from before
        union all
        select {_COUNTED}, verdict, 1 from before
    ), counted as (
        {add_to_rollups("moved")}
    )
    select distinct {_PLACES} from moved
    """
)
_ADVANCE_WATERMARK = text(
    """
    insert into metrics.watermarks as known (account_id, received_at) values (:account_id, :received_at)
    on conflict (account_id) do update set received_at = excluded.received_at
    where known.received_at < excluded.received_at
    """
)


async def record(work: Work, told: Sequence[Heard]) -> None:
    """Make the facts say what was last told, and the rollups what the facts say."""
    newest: dict[UUID, Heard] = {}
    for heard in sorted(told, key=lambda heard: heard.version):
        newest[heard.feedback.feedback_id] = heard
    if not newest:
        return
    await share_upkeep(work)
    values = {"ids": list(newest), "versions": [heard.version for heard in newest.values()]}
    news = (await work.session.execute(_HEAR, values | {"account_id": work.account_id})).all()
    await _retract(work, [feedback_id for feedback_id, is_first in news if not is_first])
    rows = [row for feedback_id, _ in news for row in _rows(newest[feedback_id].feedback)]
    if rows:
        columns = {name: [row[name] for row in rows] for name in _COLUMNS}
        await work.session.execute(_RECORD, columns | {"account_id": work.account_id})
    received_at = max(heard.feedback.received_at for heard in told)
    await work.session.execute(_ADVANCE_WATERMARK, {"account_id": work.account_id, "received_at": received_at})


async def erase(work: Work, feedback_ids: Collection[UUID]) -> None:
    """Forget these for good: what is told of them later, or comes late, is not counted either."""
    if not feedback_ids:
        return
    await share_upkeep(work)
    values = {"account_id": work.account_id, "ids": list(feedback_ids)}
    await work.session.execute(_HEAR_OF_ERASURE, values)
    await _retract(work, feedback_ids)


async def judge(work: Work, customer_ids: Collection[UUID]) -> None:
    """Have the facts of these customers count, or not, by what is known of the customers now."""
    values = {"account_id": work.account_id, "ids": list(customer_ids)}
    await drop_empty_cells(work, await _places(work, _JUDGE, values))


async def _retract(work: Work, feedback_ids: Collection[UUID]) -> None:
    if feedback_ids:
        values = {"account_id": work.account_id, "ids": list(feedback_ids)}
        await drop_empty_cells(work, await _places(work, _RETRACT, values))


async def _places(work: Work, statement: TextClause, values: Mapping[str, Any]) -> list[tuple[str, date]]:
    """Scheme and UTC day of what the statement has counted out."""
    return [(row.scheme, row.day) for row in await work.session.execute(statement, values)]


def _rows(feedback: Feedback) -> Iterator[dict[str, Any]]:
    """One for each rating, and one more if the leading question was left unrated.

    None of what is no longer there, or was never to be rated, such as a mail.
    """
    never_rated = feedback.rating is None and not feedback.ratings and feedback.kind in ("message", "mention")
    if feedback.removed or never_rated:
        return
    if feedback.rating is None or not feedback.ratings:
        reading = read(feedback.rating, completed=_counts_as_completed(feedback))
        yield _row(feedback, "", as_family(feedback, reading))
    if (change := rerated(feedback)) is not None:
        yield _row(feedback, "rerated", change)
    for each in feedback.ratings:
        reading = read(each.rating, completed=_counts_as_completed(feedback), index=each.index)
        yield _row(feedback, each.question, reading)


def _counts_as_completed(feedback: Feedback) -> bool:
    return feedback.completed and not feedback.screened_out


def _row(feedback: Feedback, question: str, reading: Reading) -> dict[str, Any]:
    return {
        "feedback_id": feedback.feedback_id,
        "question": question,
        "occurred_at": feedback.occurred_at,
        "received_at": feedback.received_at,
        "scheme": reading.scheme,
        "minimum": reading.minimum,
        "maximum": reading.maximum,
        "value": reading.value,
        "points": reading.points,
        "index": reading.index,
        "flaw": reading.flaw,
        "completed": feedback.completed,
        "channel": feedback.channel,
        "touchpoint": feedback.touchpoint,
        "journey_stage": feedback.journey_stage,
        "survey_id": feedback.survey_id,
        # Under whose identity it came; whom that is today, the row finds by itself.
        "customer_id": feedback.origin_customer_id or feedback.customer_id,
        "language": feedback.language,
        "dimensions": orjson.dumps(_dimensions(feedback)).decode(),
    }


def _dimensions(feedback: Feedback) -> dict[str, str]:
    """Its own, and what it is about; reviews can also be told apart by where they stand."""
    about = {"product": feedback.product_ref, "location": feedback.location_ref}
    if feedback.kind == REVIEW:
        about["source"] = feedback.source
    return {name: value for name, value in about.items() if value} | feedback.dimensions
