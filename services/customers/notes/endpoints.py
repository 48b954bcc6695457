"""`/v1/customers/{id}/notes`: what colleagues are to know about a customer. The timeline lists them (`kind=note`)."""

from uuid import UUID

from fastapi import Response

from services.customers.notes import service as notes
from services.customers.notes.schemas import NewNote
from services.customers.records.auth import CustomersRead, CustomersWrite
from services.customers.timeline.models import TimelineRow
from services.customers.timeline.schemas import NoteEntry
from services.customers.timeline.service import as_entry
from shared.http.dependencies import IfMatch, set_etag
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/customers/{customer_id}/notes", tags=["customers"])


@router.post("", status_code=201)
async def leave_note(customer_id: UUID, body: NewNote, work: CustomersWrite, response: Response) -> NoteEntry:
    """It stands on the customer's timeline from now on."""
    return _out(await notes.leave(work, customer_id, body), response)


@router.get("/{note_id}")
async def read_note(customer_id: UUID, note_id: UUID, work: CustomersRead, response: Response) -> NoteEntry:
    return _out(await notes.find(work, customer_id, note_id), response)


@router.put("/{note_id}")
async def edit_note(
    customer_id: UUID, note_id: UUID, body: NewNote, work: CustomersWrite, expected: IfMatch, response: Response
) -> NoteEntry:
    """Other words, under the name of whoever wrote them; the note keeps its place."""
    return _out(await notes.edit(work, customer_id, note_id, body, expected), response)


@router.delete("/{note_id}", status_code=204)
async def remove_note(customer_id: UUID, note_id: UUID, work: CustomersWrite, expected: IfMatch) -> None:
    """It is gone for good."""
    await notes.remove(work, customer_id, note_id, expected)


def _out(note: TimelineRow, response: Response) -> NoteEntry:
    set_etag(response, note.version)
    entry: NoteEntry = as_entry((note.event_id, note.at, note.kind, dict(note.detail)))
    return entry
