"""A service that exists for the kit's tests only: notes that belong to an account."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped
from starlette.responses import Response

from shared.contracts.tickets import TicketReopened
from shared.db.base import COLUMN_TYPES, AccountOwned, Identified, service_metadata
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.app import service_app
from shared.http.dependencies import IfMatch, check_match, set_etag, work_with
from shared.http.errors import NotFound
from shared.http.routing import APIRouter
from shared.http.schemas import Model, Name
from shared.service import Runtime, Service
from shared.settings import ServiceSettings
from shared.work import Work

NotesRead = Annotated[Work, work_with("tickets:read")]
NotesWrite = Annotated[Work, work_with("tickets:write")]
router = APIRouter(prefix="/v1/notes", tags=["notes"])


class Base(DeclarativeBase):
    metadata = service_metadata("toy")
    type_annotation_map = COLUMN_TYPES


class Note(Identified, AccountOwned, Base):
    __tablename__ = "notes"

    title: Mapped[str]
    version: Mapped[int]


class NewNote(Model):
    title: Name
    extra: dict[str, Any] | None = None


class NoteOut(Model):
    id: UUID
    title: str
    version: int


@router.post("", status_code=201)
async def write(body: NewNote, work: NotesWrite, response: Response) -> NoteOut:
    note = Note(account_id=work.account_id, title=body.title, version=1)
    work.session.add(note)
    await work.session.flush()
    emit(work, note.id)
    if body.title == "explode":
        raise RuntimeError("secret detail of the inside")
    set_etag(response, note.version)
    return NoteOut.model_validate(note)


@router.get("")
async def list_notes(work: NotesRead, page: PageQuery) -> Page[NoteOut]:
    found = await paginate(work.session, select(Note), page, keys=(Note.title.desc(), Note.id.desc()))
    return found.map(NoteOut.model_validate)


@router.get("/{note_id}")
async def read(note_id: UUID, work: NotesRead) -> NoteOut:
    note = await work.session.get(Note, note_id)
    if note is None:
        raise NotFound
    return NoteOut.model_validate(note)


@router.put("/{note_id}")
async def rename(note_id: UUID, body: NewNote, work: NotesWrite, match: IfMatch, response: Response) -> NoteOut:
    note = await work.session.get(Note, note_id, with_for_update=True)
    if note is None:
        raise NotFound
    check_match(match, note.version)
    note.title, note.version = body.title, note.version + 1
    set_etag(response, note.version)
    return NoteOut.model_validate(note)


def emit(work: Work, note_id: UUID) -> None:
    due = work.now
    payload = TicketReopened(ticket_id=note_id, number=1, reason=None, customer_id=None, resolution_due_at=due)
    work.emit(payload, subject=note_id)


def create_app(runtime: Runtime) -> FastAPI:
    return service_app(runtime, title="toy", routers=[router], body_limits={"/v1/notes/large": 10_000_000})


TOY = Service(name="toy", settings=ServiceSettings, metadata=Base.metadata, create_app=create_app)
