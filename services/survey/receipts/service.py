"""What respondents do with their own answers afterwards: see, change, take back. The link is all they need."""

from uuid import UUID

from sqlalchemy import delete, select

from services.survey.consents import stating
from services.survey.feedback.models import Feedback
from services.survey.files import service as files
from services.survey.responses import anonymity, continuing, quotas
from services.survey.responses.models import Response, ResponseVersion
from services.survey.responses.submissions import Submission
from shared.contracts.survey import ResponseWithdrawn
from shared.http.errors import Gone, NotFound
from shared.work import Work


class ResponseNotFound(NotFound):
    """There is no such response here."""

    code = "response_not_found"


class AnswersWithdrawn(Gone):
    """These answers were taken back. Nothing of them is left."""

    code = "answers_withdrawn"


async def read(work: Work, response_id: UUID, *, to_change: bool = False) -> Response:
    """Raises `ResponseNotFound` or `AnswersWithdrawn`."""
    statement = select(Response).where(Response.id == response_id, Response.account_id == work.account_id)
    response = await work.session.scalar(statement.with_for_update() if to_change else statement)
    if response is None:
        raise ResponseNotFound
    if response.withdrawn_at is not None:
        raise AnswersWithdrawn
    return response


async def change(work: Work, response: Response, wanted: Submission) -> None:
    """The answers as they are wanted now; those of before stay as a version. Sent twice, it is one change."""
    columns = wanted.columns()
    if columns["answers"] == response.answers:
        return
    moment = anonymity.coarse(work.now) if response.anonymous else work.now
    before = ResponseVersion(
        account_id=work.account_id,
        response_id=response.id,
        revision=response.revision,
        answers=response.answers,
        ended_at=moment,
    )
    work.session.add(before)
    await files.claim(work, response.id, response.survey_id, response.submission_id, wanted.file_ids())
    await files.delete_of(work, response.survey_id, response.submission_id, but=wanted.file_ids())
    for name in ("answers", "score", "variables"):
        setattr(response, name, columns[name])
    if response.over_quota is None:
        response.ending, response.screened_out = columns["ending"], columns["screened_out"]
    response.revision += 1
    response.changed_at = moment
    continuing.tell(work, response)


async def withdraw(work: Work, response: Response) -> None:
    """Nothing of what was said stays, here or with those who hear of it. The emptied row keeps late retries out."""
    moment = anonymity.coarse(work.now) if response.anonymous else work.now
    await work.session.execute(delete(ResponseVersion).where(ResponseVersion.response_id == response.id))
    await files.delete_of(work, response.survey_id, response.submission_id)
    await _take_back_consents(work, response)
    await quotas.give_back(work, response.survey_id, response.counted)
    await work.cancel(continuing.TELL_PART, key=str(response.id))
    response.revision += 1
    response.answers, response.score, response.customer, response.counted = [], None, None, []
    response.hidden, response.variables, response.dimensions, response.source = {}, {}, {}, {}
    response.withdrawn_at = moment
    withdrawn = ResponseWithdrawn(
        response_id=response.id,
        survey_id=response.survey_id,
        survey_version=response.survey_version,
        reason="respondent",
        withdrawn_at=moment,
    )
    work.emit(withdrawn, subject=response.id, version=response.revision, by_day=response.anonymous)


async def _take_back_consents(work: Work, response: Response) -> None:
    """Before anybody is known to have answered, nothing was stated that could be taken back."""
    mine = (Feedback.account_id == work.account_id) & (Feedback.response_id == response.id) & Feedback.told
    customer_id = await work.session.scalar(select(Feedback.customer_id).where(mine))
    if customer_id is not None and response.completed:
        for stated in await stating.taken_back(work, response, customer_id, work.now):
            work.emit(stated, subject=response.id)
