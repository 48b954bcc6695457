"""Attachments are kept outside the database, a limited number of a limited size. What is dangerous to open is refused,
and so recorded: nothing that came along is passed over in silence, and the sender's payload has it still."""

import hashlib
from collections.abc import Collection
from typing import Final
from uuid import UUID, uuid5

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from services.survey.attachments.models import Attachment
from services.survey.files.service import MEGABYTE, UNCLAIMED
from services.survey.hearing.canonical import FeedbackItem, Media, Refusal
from services.survey.hearing.sender import Sender
from services.survey.hearing.versions import feedback_id_of
from shared.attachments import is_dangerous, plain_name, type_of
from shared.files import NoPlaceForFiles, file_key, file_store
from shared.http.errors import NotFound
from shared.work import Work

MOST: Final = 20
LARGEST: Final = 25 * MEGABYTE


class NoSuchAttachment(NotFound):
    """There is no such attachment here."""

    code = "attachment_not_found"


class NotKept(NotFound):
    """This attachment was not kept; `refused` says why."""

    code = "attachment_not_kept"


async def keep(work: Work, source: Sender, item: FeedbackItem) -> FeedbackItem:
    """The item with what came along kept, under the same ids however often it is heard."""
    if all(media.content is None and media.refused is None for media in item.media):
        return item
    feedback_id = feedback_id_of(source.id, item.external_id)
    kept = [await _keep(work, feedback_id, place, media) for place, media in enumerate(item.media)]
    return item.model_copy(update={"media": tuple(kept)})


async def of_feedback(work: Work, feedback_id: UUID) -> list[Attachment]:
    mine = (Attachment.account_id == work.account_id) & (Attachment.feedback_id == feedback_id)
    return list(await work.session.scalars(select(Attachment).where(mine).order_by(Attachment.position)))


async def read(work: Work, feedback_id: UUID, attachment_id: UUID) -> Attachment:
    """Raises `NoSuchAttachment`."""
    found = await work.session.get(Attachment, attachment_id)
    if found is None or (found.account_id, found.feedback_id) != (work.account_id, feedback_id):
        raise NoSuchAttachment
    return found


async def delete_of(work: Work, feedback_ids: Collection[UUID]) -> int:
    """Rows go now, bytes right after, by a timer that tries until they are gone. Returns how many."""
    theirs = (Attachment.account_id == work.account_id) & Attachment.feedback_id.in_(feedback_ids)
    gone = (await work.session.scalars(delete(Attachment).where(theirs).returning(Attachment.id))).all()
    for attachment_id in gone:
        await work.schedule(UNCLAIMED, key=str(attachment_id), due_at=work.now)
    return len(gone)


async def _keep(work: Work, feedback_id: UUID, place: int, media: Media) -> Media:
    content, refused = media.content or b"", media.refused
    if media.content is None and refused is None:
        return media
    name = plain_name(media.name or "attachment")
    attachment_id = uuid5(feedback_id, f"{place}:{hashlib.sha256(content).hexdigest()}")
    refused = refused or refusal_of(place, name, content)
    if refused is None:
        try:
            # The bytes first: a row never names a file that is not there.
            await file_store(work.settings).put(file_key(work.account_id, attachment_id), content)
        except NoPlaceForFiles:
            refused = "no_place"
    row = Attachment(
        id=attachment_id,
        account_id=work.account_id,
        feedback_id=feedback_id,
        position=place,
        name=name,
        media_type=type_of(content, name),
        size=len(content),
        refused=refused,
        created_at=work.now,
    )
    values = {column: getattr(row, column) for column in Attachment.__table__.columns.keys()}  # noqa: SIM118
    statement = insert(Attachment).values(values)
    # Heard again: there may be a place for it now.
    again = statement.on_conflict_do_update(index_elements=["id"], set_={"refused": refused})
    await work.session.execute(again)
    return Media(file_id=str(attachment_id), name=name, media_type=row.media_type, size=len(content), refused=refused)


def refusal_of(place: int, name: str, content: bytes) -> Refusal | None:
    if place >= MOST:
        return "too_many"
    if len(content) > LARGEST:
        return "too_large"
    return "dangerous" if is_dangerous(name, content) else None
