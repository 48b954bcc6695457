"""Notes that colleagues leave about a customer. A note is an entry of the timeline, and goes the way of all others:
with the identity it was left for, into an export, and away with an erasure."""

from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import select

from services.customers.notes.schemas import NewNote
from services.customers.records import service as customers
from services.customers.timeline.models import TimelineRow
from services.customers.timeline.schemas import EntryKind
from shared.contracts.customers import NoteChanged
from shared.http.dependencies import check_match
from shared.http.errors import NotFound
from shared.ids import new_id
from shared.work import Work

_KIND: Final = EntryKind.NOTE.value


class NoSuchNote(NotFound):
    """This customer has no such note."""


async def leave(work: Work, customer_id: UUID, body: NewNote) -> TimelineRow:
    """Raises `CustomerNotFound`."""
    await customers.find(work, customer_id)
    note = TimelineRow(
        account_id=work.account_id,
        event_id=new_id(),
        customer_id=customer_id,
        kind=_KIND,
        at=work.now,
        detail=_detail(work, body, version=1) | {"edited_at": None},
        version=1,
    )
    work.session.add(note)
    await work.session.flush()
    _tell(work, note, "left")
    return note


async def find(work: Work, customer_id: UUID, note_id: UUID, *, lock: bool = False) -> TimelineRow:
    """Raises `CustomerNotFound` or `NoSuchNote`."""
    customer = await customers.find(work, customer_id)
    mine = (TimelineRow.account_id == work.account_id, TimelineRow.customer_id == customer.id)
    statement = select(TimelineRow).where(*mine, TimelineRow.event_id == note_id, TimelineRow.kind == _KIND)
    found: TimelineRow | None = await work.session.scalar(statement.with_for_update() if lock else statement)
    if found is None:
        raise NoSuchNote
    return found


async def edit(work: Work, customer_id: UUID, note_id: UUID, body: NewNote, expected: int | None) -> TimelineRow:
    """It keeps its place. Raises `CustomerNotFound`, `NoSuchNote` or `StaleVersion`."""
    note = await find(work, customer_id, note_id, lock=True)
    check_match(expected, note.version)
    if note.detail["text"] == body.text:
        return note
    note.version += 1
    note.detail = _detail(work, body, version=note.version) | {"edited_at": work.now.isoformat()}
    await work.session.flush()
    _tell(work, note, "edited")
    return note


async def remove(work: Work, customer_id: UUID, note_id: UUID, expected: int | None) -> None:
    """Raises `CustomerNotFound`, `NoSuchNote` or `StaleVersion`."""
    note = await find(work, customer_id, note_id, lock=True)
    check_match(expected, note.version)
    note.version += 1
    _tell(work, note, "removed")
    await work.session.delete(note)


def _detail(work: Work, body: NewNote, *, version: int) -> dict[str, Any]:
    return {"text": body.text, "author": str(work.actor), "version": version}


def _tell(work: Work, note: TimelineRow, change: Literal["left", "edited", "removed"]) -> None:
    """Without its words, which are nobody's business but the account's people's."""
    changed = NoteChanged(note_id=note.event_id, customer_id=note.customer_id, change=change)
    work.emit(changed, subject=note.event_id, version=note.version)
