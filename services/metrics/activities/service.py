"""Keeping what customers did: each activity once, as its highest version has it."""

from collections.abc import Collection, Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from shared.contracts.activities import ActivityCorrected, ActivityRecorded
from shared.work import Work

Told = ActivityRecorded | ActivityCorrected

# Column, and the type its values travel as.
_COLUMNS: Final = {
    "activity_id": "uuid",
    "version": "integer",
    "kind": "text",
    "occurred_at": "timestamptz",
    "amount": "numeric",
    "currency": "text",
    "source": "text",
    "touchpoint": "text",
    "customer_id": "uuid",
}
_NAMES = ", ".join(_COLUMNS)
_ARRAYS = ", ".join(f"cast(:{name} as {kind}[])" for name, kind in _COLUMNS.items())
_GIVEN = ", ".join(f"{name} = excluded.{name}" for name in (*_COLUMNS, "origin_customer_id") if name != "activity_id")
_KEPT: Final = ("activity_id", "version")
_FORGOTTEN = ", ".join(f"{name} = null" for name in (*_COLUMNS, "origin_customer_id") if name not in _KEPT)
# What is left of an activity that is gone, in SQL.
EMPTIED: Final = f"gone = true, {_FORGOTTEN}"
# In the order of their keys, so that two batches wait for each other rather than for ever.
_RECORD = text(
    f"""
    insert into metrics.activities as known (account_id, gone, {_NAMES})
    select :account_id, false, {_NAMES} from unnest({_ARRAYS}) as told ({_NAMES}) order by activity_id
    on conflict (account_id, activity_id) do update set {_GIVEN}
    where known.version < excluded.version and not known.gone
    """
)
_FORGET = text(
    f"""
    insert into metrics.activities as known (account_id, activity_id, version, gone)
    select :account_id, id, 0, true from unnest(cast(:ids as uuid[])) as told (id) order by id
    on conflict (account_id, activity_id) do update set {EMPTIED}
    """
)


async def record(work: Work, told: Mapping[UUID, tuple[int, Told]]) -> None:
    """Version and activity of each; older versions change nothing, and what is gone stays so."""
    rows = [_row(version, activity) for version, activity in told.values()]
    if rows:
        columns = {name: [row[name] for row in rows] for name in _COLUMNS}
        await work.session.execute(_RECORD, columns | {"account_id": work.account_id})


async def forget(work: Work, activity_ids: Collection[UUID]) -> None:
    """These never happened, for good."""
    if activity_ids:
        await work.session.execute(_FORGET, {"account_id": work.account_id, "ids": list(activity_ids)})


def _row(version: int, told: Told) -> dict[str, Any]:
    return {
        "activity_id": told.activity_id,
        "version": version,
        "kind": told.kind,
        "occurred_at": told.occurred_at,
        "amount": told.amount.amount if told.amount is not None else None,
        "currency": told.amount.currency if told.amount is not None else None,
        "source": told.source,
        "touchpoint": told.touchpoint,
        # Whom it named; whom that is today, the row finds by itself.
        "customer_id": told.origin_customer_id,
    }
