"""Everything that happened with a customer, as one query.

What other services told stands in the timeline's own table; activities and consents are read where they are kept, so
that a correction, a deletion or a merge shows at once and nothing is kept twice. Each part gives no more than the page
can show, in the order of an index of its own, so a page costs the same however much there is.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, cast, func, literal_column, select, tuple_, union_all

from services.customers.activities.models import Activity
from services.customers.consents.models import Consent
from services.customers.timeline.models import TimelineRow
from services.customers.timeline.schemas import EntryKind
from shared.db.pagination import Page, PageRequest, decode_cursor, encode_cursor
from shared.work import Work

_ORDER: Final = "timeline"
_KEPT_HERE: Final = frozenset({EntryKind.ACTIVITY, EntryKind.CONSENT})


class Part(NamedTuple):
    """One table's share: its rows' ids, when they happened, and the statement with all four columns."""

    table: type[TimelineRow | Activity | Consent]
    entry_id: Any
    at: Any
    statement: Select[UUID, datetime, str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of it is to be shown: all kinds if none is named; from `since` on, and before `until`."""

    kinds: Collection[EntryKind] = ()
    channel: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def takes(self, kind: EntryKind) -> bool:
        return not self.kinds or kind in self.kinds


async def page_of(work: Work, customer_id: UUID, page: PageRequest, wanted: Wanted) -> Page[Any]:
    """Rows of `id`, `at`, `kind` and `detail`, newest first. Raises `Unacceptable` for a cursor of another list."""
    last = decode_cursor(page.cursor, page.key, _ORDER) if page.cursor is not None else None
    parts = []
    for table, entry_id, at, part in _parts(work, wanted):
        part = part.where(table.account_id == work.account_id, table.customer_id == customer_id)
        if wanted.since is not None:
            part = part.where(at >= wanted.since)
        if wanted.until is not None:
            part = part.where(at < wanted.until)
        if last is not None:
            part = part.where(tuple_(at, entry_id) < tuple_(*last))
        parts.append(part.order_by(at.desc(), entry_id.desc()).limit(page.limit + 1).subquery().select())
    if not parts:
        return Page[Any].model_construct(data=[], next_cursor=None)
    row = union_all(*parts).subquery("history").c
    newest = select(*row).order_by(row.at.desc(), row.id.desc()).limit(page.limit + 1)
    rows = (await work.session.execute(newest)).all()
    shown = rows[: page.limit]
    if len(rows) > page.limit:
        page.next_cursor = encode_cursor([shown[-1].at, shown[-1].id], page.key, _ORDER)
    return Page[Any].model_construct(data=list(shown), next_cursor=page.next_cursor)


def _parts(work: Work, wanted: Wanted) -> list[Part]:
    """One for each table that can have what is wanted."""
    found = []
    if not wanted.kinds or set(wanted.kinds) - _KEPT_HERE:
        only: list[Any] = [TimelineRow.kind.in_([kind.value for kind in wanted.kinds])] if wanted.kinds else []
        if wanted.channel is not None:
            only.append(TimelineRow.detail["channel"].astext == wanted.channel)
        columns = (TimelineRow.event_id, TimelineRow.at, TimelineRow.kind, TimelineRow.detail)
        found.append(_part(TimelineRow, *columns, only))
    if wanted.takes(EntryKind.ACTIVITY) and wanted.channel is None:
        names = ("name", "currency", "touchpoint", "source", "source_id")
        detail = _object(
            {name: getattr(Activity, name) for name in names}
            | {"activity": Activity.kind, "amount": cast(Activity.amount, Text)}
        )
        only = [Activity.occurred_at <= work.now]
        kind = _constant(EntryKind.ACTIVITY)
        found.append(_part(Activity, Activity.id, Activity.occurred_at, kind, detail, only))
    if wanted.takes(EntryKind.CONSENT):
        names = ("purpose", "channel", "granted", "basis", "source")
        detail = _object({name: getattr(Consent, name) for name in names})
        only = [Consent.channel == wanted.channel] if wanted.channel is not None else []
        kind = _constant(EntryKind.CONSENT)
        found.append(_part(Consent, Consent.id, Consent.effective_at, kind, detail, only))
    return found


def _part(
    table: type[TimelineRow | Activity | Consent], entry_id: Any, at: Any, kind: Any, detail: Any, only: Sequence[Any]
) -> Part:
    columns = (entry_id.label("id"), at.label("at"), kind.label("kind"), detail.label("detail"))
    return Part(table, entry_id, at, select(*columns).where(*only))


def _object(fields: dict[str, Any]) -> ColumnElement[Any]:
    pairs = [item for name, value in fields.items() for item in (literal_column(f"'{name}'", Text), value)]
    return func.jsonb_build_object(*pairs, type_=TimelineRow.detail.type)


def _constant(kind: EntryKind) -> ColumnElement[str]:
    return literal_column(f"'{kind.value}'::text", Text)
