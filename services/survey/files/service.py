"""Uploads: taken for a question of an attempt, kept while their response is there, forgotten if none names them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select, update

from services.survey.definition.questions import File as FileQuestion
from services.survey.files.models import File
from services.survey.responses import anonymity
from services.survey.surveys.published import PublishedSurvey
from shared.attachments import plain_name
from shared.bus.subscriptions import Timer
from shared.files import file_key, file_store
from shared.http.errors import FieldProblem, NotFound, TooLarge, TooMany, Unacceptable
from shared.ids import new_id
from shared.sniffing import media_type_of
from shared.work import Work

MEGABYTE: Final = 1_048_576
# Somebody who uploads and then changes their mind, several times over; more is no respondent.
MOST_FOR_ATTEMPT: Final = 40
UNCLAIMED: Final = "files.unclaimed"
# Of an anonymous survey, whose times are only days, it may be little more than a day.
UNCLAIMED_AFTER: Final = timedelta(days=2)


class FileNotFound(NotFound):
    """There is no such file here."""

    code = "file_not_found"


def question_for(survey: PublishedSurvey, key: str) -> FileQuestion:
    """Raises `Unacceptable` if it asks for no file."""
    question = survey.questions.get(key)
    if not isinstance(question, FileQuestion):
        raise Unacceptable.field("query:question", "no_file_question", "This question takes no files.")
    return question


async def take(
    work: Work, survey: PublishedSurvey, question: FileQuestion, *, submission_id: str, name: str, content: bytes
) -> File:
    """Store one upload. Raises `Unacceptable`, `TooLarge` or `TooMany`."""
    if len(content) > question.megabytes * MEGABYTE:
        raise TooLarge(f"At most {question.megabytes} MB are accepted here.")
    media_type = media_type_of(content, name, question.kinds)
    if media_type is None:
        wanted = ", ".join(question.kinds)
        raise Unacceptable.field("/", "wrong_kind_of_file", f"This is none of the files that are accepted: {wanted}.")
    blurred = survey.definition.anonymous
    submission_id = anonymity.masked(survey.survey_id, submission_id) if blurred else submission_id
    mine = (File.account_id == work.account_id) & (File.survey_id == survey.survey_id)
    counted = select(func.count()).select_from(File).where(mine, File.submission_id == submission_id)
    if (await work.session.scalar(counted) or 0) >= MOST_FOR_ATTEMPT:
        raise TooMany("Too many files for one answer.", retry_after=60)
    file = File(
        id=anonymity.random_id() if blurred else new_id(),
        account_id=work.account_id,
        survey_id=survey.survey_id,
        submission_id=submission_id,
        question=question.key,
        response_id=None,
        name=plain_name(name),
        media_type=media_type,
        size=len(content),
        created_at=anonymity.coarse(work.now) if blurred else work.now,
    )
    work.session.add(file)
    await work.schedule(UNCLAIMED, key=str(file.id), due_at=file.created_at + UNCLAIMED_AFTER)
    # The bytes first: a row never names a file that is not there. Bytes without a row go with the timer's folder.
    await file_store(work.settings).put(file_key(work.account_id, file.id), content)
    return file


async def claim(work: Work, response_id: UUID, survey_id: UUID, submission_id: str, wanted: Mapping[UUID, str]) -> None:
    """The response names these files, by the question each answers; others of its attempt are let go.

    Raises `Unacceptable` for one that was not uploaded in this attempt, for this question.
    """
    mine = (File.account_id == work.account_id) & (File.survey_id == survey_id) & (File.submission_id == submission_id)
    found = {file.id: file for file in await work.session.scalars(select(File).where(mine))} if wanted else {}
    for file_id, question in wanted.items():
        if file_id not in found or found[file_id].question != question:
            text = f"The file {file_id} was not uploaded for `{question}` in this attempt."
            raise Unacceptable("A file is unknown.", errors=(FieldProblem("/answers", "unknown_file", text),))
        found[file_id].response_id = response_id
    let_go = update(File).where(File.account_id == work.account_id, File.response_id == response_id)
    await work.session.execute(let_go.where(File.id.not_in(wanted)).values(response_id=None))


async def read(work: Work, file_id: UUID) -> File:
    """Raises `FileNotFound`."""
    statement = select(File).where(File.id == file_id, File.account_id == work.account_id)
    file = await work.session.scalar(statement)
    if file is None:
        raise FileNotFound
    return file


async def of_response(work: Work, response_id: UUID) -> Sequence[File]:
    mine = (File.account_id == work.account_id) & (File.response_id == response_id)
    return (await work.session.scalars(select(File).where(mine))).all()


async def names_of(work: Work, survey: PublishedSurvey, submission_id: str) -> Mapping[str, str]:
    """What the files of this attempt are called, by id."""
    blurred = survey.definition.anonymous
    submission_id = anonymity.masked(survey.survey_id, submission_id) if blurred else submission_id
    mine = (File.account_id == work.account_id) & (File.survey_id == survey.survey_id)
    rows = await work.session.execute(select(File.id, File.name).where(mine, File.submission_id == submission_id))
    return {str(file_id): name for file_id, name in rows}


async def delete_of(work: Work, survey_id: UUID, submission_id: str, *, but: Collection[UUID] = ()) -> int:
    """All files of a submission, whether its answers name them or not, and how many they were.

    `submission_id` as it is stored. Rows go now, bytes right after, by a timer that tries until they are gone.
    """
    mine = (File.account_id == work.account_id) & (File.survey_id == survey_id)
    same = mine & (File.submission_id == submission_id) & File.id.not_in(but)
    gone = (await work.session.scalars(delete(File).where(same).returning(File.id))).all()
    for file_id in gone:
        await work.schedule(UNCLAIMED, key=str(file_id), due_at=work.now)
    return len(gone)


async def forget_unclaimed(work: Work, timer: Timer) -> None:
    """Two days later: what no response names is deleted, as is what has no row any more."""
    file_id = UUID(timer.key)
    file = await work.session.scalar(select(File).where(File.id == file_id, File.account_id == work.account_id))
    if file is not None and file.response_id is not None:
        return
    if file is not None:
        await work.session.delete(file)
    await file_store(work.settings).delete(file_key(work.account_id, file_id))
