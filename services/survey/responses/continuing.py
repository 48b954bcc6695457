"""Submissions that come in parts, take places of quotas, bring files, or are watched: one transaction for each.

All parts share a submission id and are one response, whose revision grows. The first whole answer stays; after it only
the respondent changes it, by the receipt's link.
"""

from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from services.survey.attempts import service as attempts
from services.survey.attempts.schemas import AttemptState
from services.survey.attempts.service import Observed
from services.survey.files import service as files
from services.survey.invitations.models import Invitation, InvitationState
from services.survey.responses import anonymity, quotas
from services.survey.responses.models import Response
from services.survey.responses.submissions import Outcome, Submission
from shared.bus.subscriptions import Timer
from shared.contracts.survey import Answer, CustomerReference, ResponseReceived
from shared.http.errors import Conflict
from shared.work import Work

# A part that a page saved is told once nothing has followed for so long: until then the whole may still come.
TELL_PART: Final = "responses.tell_part"
PART_RESTS: Final = timedelta(minutes=30)


class InvitationUsed(Conflict):
    """This link takes one answer, and has it."""

    code = "invitation_used"


async def hand_in(work: Work, submission: Submission) -> Outcome:
    """Raises `Unacceptable` for a file that is not of this attempt, `InvitationUsed` for a link's second answer."""
    response = await _locked(work, submission)
    if response.revision > 0 and (response.completed or response.withdrawn_at is not None):
        return Outcome(response.id, "duplicate")
    is_new = response.revision == 0
    response.revision += 1
    if submission.watched is not None:
        response.suspicious = list(dict.fromkeys([*response.suspicious, *submission.watched.suspicious]))
    _fill_in(response, submission)
    await _count(work, response, submission)
    if response.completed and not await _spend_invitation(work, response, submission):
        raise InvitationUsed
    await files.claim(work, response.id, response.survey_id, response.submission_id, submission.file_ids())
    if submission.watched is not None:
        await attempts.observe(work, _observed(submission, response))
    await work.session.flush()
    await _tell(work, response, submission)
    kind: Literal["stored", "continued"] = "stored" if is_new else "continued"
    return Outcome(response.id, kind, ending=response.ending, over_quota=response.over_quota)


def told(response: Response) -> ResponseReceived:
    """The response as it stands."""
    same = ResponseReceived.model_fields.keys() & Response.__table__.columns.keys()
    fields = {name: getattr(response, name) for name in same - {"answers", "customer", "suspicious"}}
    return ResponseReceived(
        **fields,
        response_id=response.id,
        answers=tuple(Answer(**answer) for answer in response.answers),
        customer=CustomerReference(**response.customer) if response.customer else None,
        suspicious=tuple(response.suspicious),
    )


def tell(work: Work, response: Response) -> None:
    work.emit(told(response), subject=response.id, version=response.revision, by_day=response.anonymous)


async def tell_part(work: Work, timer: Timer) -> None:
    """Nothing followed, so this part is all there is."""
    statement = select(Response).where(Response.id == UUID(timer.key), Response.account_id == work.account_id)
    response = await work.session.scalar(statement.with_for_update())
    if response is not None and not response.completed and response.withdrawn_at is None:
        tell(work, response)


def _moment(work: Work, response: Response) -> datetime:
    """Now; of an anonymous response only the next day, so that no timer says when it was given."""
    return anonymity.coarse(work.now) + timedelta(days=1) if response.anonymous else work.now


async def _locked(work: Work, submission: Submission) -> Response:
    """The response of this submission id, made if it is not there; `revision` 0 says that it is new."""
    values = submission.columns() | {"revision": 0, "completed": False}
    key = ["account_id", "survey_id", "submission_id"]
    await work.session.execute(insert(Response).values(values).on_conflict_do_nothing(index_elements=key))
    same = (getattr(Response, name) == values[name] for name in key)
    response: Response = (await work.session.scalars(select(Response).where(*same).with_for_update())).one()
    return response


def _fill_in(response: Response, submission: Submission) -> None:
    """What a part says holds until the next one says otherwise. Whose it is and when it began stays."""
    kept = {"id", "account_id", "survey_id", "submission_id", "occurred_at", "customer", "invitation_id", "ticket_id"}
    # What is not repeated is not taken back: a hidden field is given once, with the first part.
    added = {"hidden", "dimensions", "source"}
    for name, value in submission.columns().items():
        if name in added:
            setattr(response, name, {**getattr(response, name), **value})
        elif name not in kept:
            setattr(response, name, value)


async def _spend_invitation(work: Work, response: Response, submission: Submission) -> bool:
    """A personal link takes one answer. False if it was used already."""
    if submission.invitation_id is None:
        return True
    answered = {"state": InvitationState.ANSWERED, "answered_at": response.received_at}
    same = (Invitation.id == submission.invitation_id) & (Invitation.account_id == work.account_id)
    statement = update(Invitation).where(same, Invitation.state != InvitationState.ANSWERED).values(answered)
    return await work.session.scalar(statement.returning(Invitation.id)) is not None


async def _count(work: Work, response: Response, submission: Submission) -> None:
    """Over a full quota the attempt ends here: kept, but counted nowhere."""
    full = await quotas.take(work, response.survey_id, submission.places, response.counted)
    if full is None:
        taken = [place.key for place in submission.places if place.takes]
        response.counted = list(dict.fromkeys([*response.counted, *taken]))
        return
    response.completed = True
    response.over_quota, response.ending, response.screened_out = full.key, full.ending, True


def _observed(submission: Submission, response: Response) -> Observed:
    seen = submission.watched
    assert seen is not None
    state: AttemptState = (
        "started" if not response.completed else "screened_out" if response.screened_out else "completed"
    )
    return Observed(
        survey_id=response.survey_id,
        survey_version=response.survey_version,
        submission_id=submission.response.submission_id,
        state=state,
        channel=response.channel,
        touchpoint=response.touchpoint,
        language=response.language,
        dimensions=response.dimensions,
        seen=seen.seen,
        last_question=seen.last_question,
        answered=[answer["question"] for answer in response.answers],
        suspicious=response.suspicious,
        customer_id=submission.response.customer.id if submission.response.customer else None,
        invitation_id=response.invitation_id,
        anonymous=response.anonymous,
    )


async def _tell(work: Work, response: Response, submission: Submission) -> None:
    if response.completed or submission.watched is None:
        await work.cancel(TELL_PART, key=str(response.id))
        tell(work, response)
    else:
        await work.schedule(TELL_PART, key=str(response.id), due_at=_moment(work, response) + PART_RESTS)
