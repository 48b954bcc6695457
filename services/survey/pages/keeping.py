"""What is kept of a filling-in: its parts as it grows, its files, how far it came, and the whole at the end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from fastapi import Request
from sqlalchemy import select

from services.survey.attempts import service as attempts
from services.survey.attempts.service import Observed
from services.survey.definition.answers import check
from services.survey.definition.document import Definition
from services.survey.definition.facts import is_answered
from services.survey.definition.questions import File
from services.survey.files import service as files
from services.survey.pages.fields import Fields, fields_of
from services.survey.pages.filling import LEFT, PROOF, SPENT, STAMP, TRAP, Filling
from services.survey.pages.forms import Sent
from services.survey.pages.problems import Wrong
from services.survey.pages.visits import Visit
from services.survey.responses import anonymity, suspicion
from services.survey.responses.intake import Outcome, Sender, Submission, Watched, intake_of, submission_of
from services.survey.responses.models import Response
from services.survey.responses.schemas import CustomerNamed, NewAnswer, NewResponse
from shared.http.dependencies import public_work, runtime_of
from shared.http.errors import TooLarge, TooMany, Unacceptable

FILE_FIELD: Final = "-file"
LONGEST_DAY: Final = 86_400_000
MOST_QUESTIONS: Final = 500


@dataclass(frozen=True, slots=True)
class Uploads:
    """Ids by question of what was taken, and why the rest was not."""

    taken: Mapping[str, Sequence[str]]
    refused: Sequence[Wrong]


async def hand_in(request: Request, visit: Visit, filling: Filling, values: Mapping[str, Any]) -> Outcome:
    """All of it. Raises `Unacceptable` for a file that is not of this filling-in."""
    return await intake_of(runtime_of(request)).one(_submission(request, visit, filling, values, completed=True))


async def keep_part(request: Request, visit: Visit, filling: Filling) -> Outcome | None:
    """What is good so far, so that nothing is lost if somebody stops here. Answers that are refused wait.

    None if there is nothing to keep. The outcome may be that a quota is full, and that it ends here.
    """
    attempt = filling.attempt(filling.left)
    values = check(filling.definition, attempt, complete=False).values
    if not values:
        return None
    return await intake_of(runtime_of(request)).one(_submission(request, visit, filling, values, completed=False))


async def observe(request: Request, visit: Visit, filling: Filling, state: Literal["displayed", "dismissed"]) -> None:
    """How far somebody came who has not answered, as the page's script tells it."""
    survey, invitation = visit.survey, visit.invitation
    blurred = survey.definition.anonymous
    seen = _seen(filling)
    observed = Observed(
        survey_id=survey.survey_id,
        survey_version=survey.version,
        submission_id=anonymity.masked(survey.survey_id, visit.submission_id) if blurred else visit.submission_id,
        state=state,
        channel=visit.channel,
        touchpoint=survey.touchpoint,
        language=visit.sheet.locale,
        seen=seen,
        last_question=next(reversed(seen), None),
        customer_id=invitation.customer_id if invitation and not blurred else None,
        invitation_id=invitation.id if invitation and not blurred else None,
    )
    async with public_work(request, survey.account_id, visit.actor) as work:
        await attempts.observe(work, observed)


async def resumed(request: Request, visit: Visit) -> Fields:
    """What was kept of this filling-in, as it would be entered; nothing if there is none, or it is done."""
    survey = visit.survey
    # Of an anonymous survey nothing is found: what is stored there cannot be led back to a submission.
    same = (Response.account_id == survey.account_id) & (Response.survey_id == survey.survey_id)
    statement = select(Response.answers).where(
        same, Response.submission_id == visit.submission_id, ~Response.completed, Response.withdrawn_at.is_(None)
    )
    async with public_work(request, survey.account_id, visit.actor) as work:
        kept = await work.session.scalar(statement)
    if not kept:
        return {}
    answers = {answer["question"]: answer["value"] for answer in kept}
    return fields_of(survey.definition.questions, answers) | {LEFT: _pages_before(survey.definition, answers)}


async def upload(request: Request, visit: Visit, given: Sequence[Sent]) -> Uploads:
    """Each in a transaction of its own, so that one that is refused takes no other with it."""
    taken: dict[str, list[str]] = {}
    refused: list[Wrong] = []
    for sent in given:
        question = visit.survey.questions.get(sent.field.removesuffix(FILE_FIELD))
        if not isinstance(question, File):
            continue
        try:
            async with public_work(request, visit.survey.account_id, visit.actor) as work:
                file = await files.take(
                    work,
                    visit.survey,
                    question,
                    submission_id=visit.submission_id,
                    name=sent.name,
                    content=sent.content,
                )
                taken.setdefault(question.key, []).append(str(file.id))
        except TooLarge:
            refused.append(Wrong(question.key, "file_too_large"))
        except Unacceptable:
            refused.append(Wrong(question.key, "file_kind"))
        except TooMany:
            refused.append(Wrong(question.key, "too_many_files"))
    return Uploads(taken, refused)


async def file_names(request: Request, visit: Visit) -> Mapping[str, str]:
    """Of what was uploaded in this filling-in, by id."""
    if not any(isinstance(question, File) for question in visit.survey.definition.questions):
        return {}
    async with public_work(request, visit.survey.account_id, visit.actor) as work:
        return await files.names_of(work, visit.survey, visit.submission_id)


def _submission(
    request: Request, visit: Visit, filling: Filling, values: Mapping[str, Any], *, completed: bool
) -> Submission:
    runtime, survey, invitation = runtime_of(request), visit.survey, visit.invitation
    response = NewResponse(
        survey_id=survey.survey_id,
        submission_id=visit.submission_id,
        answers=[NewAnswer(question=key, value=value) for key, value in values.items()],
        customer=CustomerNamed(id=invitation.customer_id) if invitation else None,
        completed=completed,
        channel=visit.channel,
        dimensions=invitation.dimensions if invitation else {},
        language=visit.sheet.locale,
        hidden=dict(filling.hidden),
    )
    now = runtime.clock.now()
    sender = Sender(survey.account_id, str(visit.actor), now, request.scope["state"]["traceparent"])
    seen = _seen(filling)
    signs = suspicion.signs(
        runtime.settings,
        survey.survey_id,
        visit.submission_id,
        now,
        trap=filling.text(TRAP),
        stamp=filling.text(STAMP) or None,
        proof=filling.text(PROOF) or None,
        wants_proof=survey.definition.proof_of_work,
    )
    return submission_of(
        sender,
        survey,
        response,
        invitation_id=invitation.id if invitation else None,
        ticket_id=invitation.ticket_id if invitation else None,
        watched=Watched(seen, next(reversed(seen), None), tuple(signs)),
    )


def _seen(filling: Filling) -> dict[str, int]:
    """`q1:1200,q2:800`, in milliseconds, the one that was looked at last in the end."""
    known = {question.key for question in filling.definition.questions}
    found: dict[str, int] = {}
    for part in filling.text(SPENT).split(",")[:MOST_QUESTIONS]:
        key, _, spent = part.partition(":")
        if key in known and spent.isdecimal() and spent.isascii():
            found[key] = min(int(spent[:9]), LONGEST_DAY)
    return found


def _pages_before(definition: Definition, answers: Mapping[str, Any]) -> list[str]:
    """Whoever comes back goes on with the last page that they had begun."""
    begun = [
        place
        for place, page in enumerate(definition.pages)
        if any(is_answered(answers.get(question.key)) for question in page.questions)
    ]
    return [page.key for page in definition.pages[: begun[-1]]] if begun else []
