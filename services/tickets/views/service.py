"""Saving lists, and counting what is in them."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select

from services.tickets.access import service as access
from services.tickets.cases.models import Ticket
from services.tickets.listing.filters import Filters, conditions
from services.tickets.listing.sorting import shown_by
from services.tickets.views.models import View
from services.tickets.views.schemas import CountOut, NewView, ViewPatch
from shared.editing import change, differing
from shared.http.dependencies import check_match
from shared.http.errors import NotFound, Unacceptable
from shared.ids import new_id
from shared.work import Work

MOST: Final = 500
# A list says “10,000 and more” rather than count on for seconds.
COUNTED_TO: Final = 10_000


class NoSuchView(NotFound):
    """There is no such view, or it is somebody's own."""


def seen_by(work: Work) -> ColumnElement[bool]:
    """The shared ones, and one's own."""
    return (View.account_id == work.account_id) & or_(View.shared, View.owner == str(work.actor))


async def create(work: Work, body: NewView) -> View:
    """Raises `Unacceptable` beyond the `MOST` of an account."""
    known = await work.session.scalar(select(func.count()).where(View.account_id == work.account_id)) or 0
    if known >= MOST:
        raise Unacceptable(f"An account has at most {MOST} views; delete one first.")
    view = View(
        id=new_id(),
        account_id=work.account_id,
        name=body.name,
        owner=str(work.actor),
        shared=body.shared,
        filters=_stored(body.filters),
        sort=body.sort,
        columns=list(body.columns),
        position=body.position,
        version=1,
        created_at=work.now,
        updated_at=work.now,
    )
    work.session.add(view)
    await work.session.flush()
    return view


async def edit(work: Work, view_id: UUID, patch: ViewPatch, expected: int | None) -> View:
    """Raises `NoSuchView` or `StaleVersion`."""
    view = await find(work, view_id, lock=True)
    check_match(expected, view.version)
    sent: dict[str, Any] = {name: getattr(patch, name) for name in patch.model_fields_set}
    if patch.filters is not None:
        sent["filters"] = _stored(patch.filters)
    if wanted := differing(view, sent):
        change(work, view, wanted)
        await work.session.flush()
    return view


async def delete(work: Work, view_id: UUID) -> None:
    """Raises `NoSuchView`."""
    await work.session.delete(await find(work, view_id, lock=True))


async def find(work: Work, view_id: UUID, *, lock: bool = False) -> View:
    """Raises `NoSuchView`."""
    statement = select(View).where(seen_by(work), View.id == view_id)
    view: View | None = await work.session.scalar(statement.with_for_update() if lock else statement)
    if view is None:
        raise NoSuchView
    return view


async def count(work: Work, view: View) -> CountOut:
    wanted = await conditions(work, filters_of(view))
    mine = (Ticket.account_id == work.account_id, *access.visible(work))
    listed = select(Ticket.id).where(*mine, *wanted, *shown_by(view.sort))
    counted = select(func.count()).select_from(listed.limit(COUNTED_TO + 1).subquery())
    found = await work.session.scalar(counted) or 0
    return CountOut(count=min(found, COUNTED_TO), more=found > COUNTED_TO)


def filters_of(view: View) -> Filters:
    return Filters.model_validate(view.filters)


def _stored(filters: Filters) -> dict[str, Any]:
    return filters.model_dump(mode="json", exclude_defaults=True)
