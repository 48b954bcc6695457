"""Writing facts down, and counting them in the same statement."""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import text

from services.metrics.facts.reading import read
from services.metrics.rollups.counting import ADD_TO_ROLLUPS, DAY, share_upkeep
from shared.contracts.survey import FeedbackReceived
from shared.work import Work

# Column of a fact, and the type its values travel as.
_COLUMNS = {
    "feedback_id": "uuid",
    "occurred_at": "timestamptz",
    "received_at": "timestamptz",
    "scheme": "text",
    "minimum": "smallint",
    "maximum": "smallint",
    "value": "integer",
    "points": "smallint",
    "exclusion": "text",
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

# Only facts that are new are counted, so nothing that comes twice counts twice. Facts and cells are each written in the
# order of their keys, so that two batches wait for each other rather than for ever.
_RECORD = text(
    f"""
    with incoming as (
        select * from unnest({_ARRAYS}) as incoming ({_NAMES})
    ), fresh as (
        insert into metrics.facts (account_id, {_NAMES})
        select :account_id, {_NAMES.replace("dimensions", "dimensions::jsonb")} from incoming order by feedback_id
        on conflict do nothing
        returning *, {DAY} as day
    )
    {ADD_TO_ROLLUPS.format(source="fresh")}
    """
)
_ADVANCE_WATERMARK = text(
    """
    insert into metrics.watermarks as known (account_id, received_at) values (:account_id, :received_at)
    on conflict (account_id) do update set received_at = excluded.received_at
    where known.received_at < excluded.received_at
    """
)


async def record(work: Work, feedback: Sequence[FeedbackReceived]) -> None:
    """Add the facts that are not there yet, and add them to the rollups."""
    if not feedback:
        return
    await share_upkeep(work)
    rows = [_row(item) for item in feedback]
    columns = {name: [row[name] for row in rows] for name in _COLUMNS}
    await work.session.execute(_RECORD, columns | {"account_id": work.account_id})
    newest = max(item.received_at for item in feedback)
    await work.session.execute(_ADVANCE_WATERMARK, {"account_id": work.account_id, "received_at": newest})


def _row(feedback: FeedbackReceived) -> dict[str, Any]:
    reading = read(feedback)
    return {
        "feedback_id": feedback.feedback_id,
        "occurred_at": feedback.occurred_at,
        "received_at": feedback.received_at,
        "scheme": reading.scheme,
        "minimum": reading.minimum,
        "maximum": reading.maximum,
        "value": reading.value,
        "points": reading.points,
        "exclusion": reading.exclusion,
        "completed": feedback.completed,
        "channel": feedback.channel,
        "touchpoint": feedback.touchpoint,
        "journey_stage": feedback.journey_stage,
        "survey_id": feedback.survey_id,
        # Under whose identity it came; whom that is today, the row finds by itself.
        "customer_id": feedback.origin_customer_id or feedback.customer_id,
        "language": feedback.language,
        "dimensions": orjson.dumps(feedback.dimensions).decode(),
    }
