"""Everything that happened with a customer, as one query.

What other services told stands in the timeline's own table; activities and consents are read where they are kept, so
that a correction, a deletion or a merge shows at once and nothing is kept twice.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, and_, cast, func, literal_column, select, union_all

from services.customers.activities.models import Activity
from services.customers.consents.models import Consent
from services.customers.timeline.models import TimelineRow
from services.customers.timeline.schemas import EntryKind
from shared.work import Work


def history_of(
    work: Work,
    customer_id: UUID,
    *,
    kinds: Collection[EntryKind] = (),
    channel: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> tuple[Select[UUID, datetime, str, dict[str, object]], tuple[ColumnElement[object], ColumnElement[object]]]:
    """The statement, with the columns `id`, `at`, `kind` and `detail`, and the columns to order it by.

    Each part is ordered by an index of its own and the database merges them, so a page costs what it shows, however
    much there is.
    """
    told = select(
        TimelineRow.event_id.label("id"), TimelineRow.at.label("at"), TimelineRow.kind.label("kind"), TimelineRow.detail
    ).where(_whose(TimelineRow, work, customer_id))
    everything = union_all(told, _activities(work, customer_id), _consents(work, customer_id)).subquery("history")
    row = everything.c
    statement = select(row.id, row.at, row.kind, row.detail)
    if kinds:
        statement = statement.where(row.kind.in_([kind.value for kind in kinds]))
    if channel is not None:
        statement = statement.where(row.detail["channel"].astext == channel)
    if since is not None:
        statement = statement.where(row.at >= since)
    if until is not None:
        statement = statement.where(row.at < until)
    return statement, (row.at.desc(), row.id.desc())


def _activities(work: Work, customer_id: UUID) -> Select[UUID, datetime, str, dict[str, object]]:
    detail = func.jsonb_build_object(
        "activity", Activity.kind, "name", Activity.name, "amount", cast(Activity.amount, Text),
        "currency", Activity.currency, "touchpoint", Activity.touchpoint, "source", Activity.source,
        "source_id", Activity.source_id, type_=TimelineRow.detail.type,
    )  # fmt: skip
    return select(Activity.id, Activity.occurred_at, _kind(EntryKind.ACTIVITY), detail).where(
        _whose(Activity, work, customer_id), Activity.occurred_at <= work.now
    )


def _consents(work: Work, customer_id: UUID) -> Select[UUID, datetime, str, dict[str, object]]:
    detail = func.jsonb_build_object(
        "purpose", Consent.purpose, "channel", Consent.channel, "granted", Consent.granted, "basis", Consent.basis,
        "source", Consent.source, type_=TimelineRow.detail.type,
    )  # fmt: skip
    return select(Consent.id, Consent.effective_at, _kind(EntryKind.CONSENT), detail).where(
        _whose(Consent, work, customer_id)
    )


def _whose(table: type[TimelineRow | Activity | Consent], work: Work, customer_id: UUID) -> ColumnElement[bool]:
    return and_(table.account_id == work.account_id, table.customer_id == customer_id)


def _kind(kind: EntryKind) -> ColumnElement[str]:
    """As a constant: the parts of another kind are left out before they are read."""
    return literal_column(f"'{kind.value}'::text", Text)
