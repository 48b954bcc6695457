"""`/s/{token}`: the hosted page. The link is the credential, so there is nothing to sign in to and nothing to forge.

A GET records nothing, whatever it carries: mail scanners follow every link. `?score=` only preselects.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import Request, Response
from starlette.routing import Route

from services.survey.invitations.models import Invitation, InvitationState
from services.survey.invitations.tokens import LinkKind, Links
from services.survey.pages.rendering import Form, errors_by_question, message_page, page_locale, survey_page
from services.survey.responses.answers import as_number, problems_with
from services.survey.responses.intake import Outcome, Sender, intake_of, submission_of
from services.survey.responses.schemas import CustomerNamed, NewAnswer, NewResponse
from services.survey.surveys.published import PublishedSurvey, published_surveys
from services.survey.surveys.questions import RatingQuestion
from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.http.dependencies import public_work, runtime_of
from shared.http.problems import translate
from shared.http.schemas import NUL
from shared.ids import new_id

SUBMISSION = "submission"
MOST_FIELDS = 100
_ANYBODY = Actor(ActorKind.HUMAN, "respondent")


@dataclass(frozen=True, slots=True)
class Visit:
    """A good link, and what it opens. `invitation` is None for an open link."""

    survey: PublishedSurvey
    invitation: Invitation | None
    locale: str


async def show_page(request: Request) -> Response:
    """The question, or a friendly word why there is none."""
    visit = await _visit(request)
    if isinstance(visit, Response):
        return visit
    asked = visit.survey.questions
    preselected = {key: request.query_params.get(key, "") for key in asked if asked[key].type == "rating"}
    submission = None if visit.invitation else str(new_id())
    return survey_page(visit.survey, Form(preselected, {}, submission), visit.locale)


async def answer_page(request: Request) -> Response:
    """Take the answer once; sending it again is thanked for again."""
    visit = await _visit(request)
    if isinstance(visit, Response):
        return visit
    entered = await _entered(request)
    answers = _answers(visit.survey, entered)
    submission = None if visit.invitation else _submission(entered)
    problems = problems_with(visit.survey, answers, completed=True)
    if problems:
        keys = [answer.question for answer in answers]
        errors = errors_by_question(visit.survey, problems, keys, visit.locale)
        return survey_page(visit.survey, Form(entered, errors, submission), visit.locale)
    outcome = await _hand_in(request, visit, answers, submission)
    return message_page("thanks" if outcome.kind == "stored" else "used", 200, visit.locale)


def _friendly(page: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Whatever fails, a respondent gets a page, not a problem document."""

    async def endpoint(request: Request) -> Response:
        try:
            return await page(request)
        except Exception as problem:
            failure = translate(problem)
            headers = {"Retry-After": str(failure.retry_after or 10)}
            return message_page("unavailable", failure.status, page_locale(request, None), headers)

    return endpoint


ROUTES = (
    Route("/s/{token}", _friendly(show_page), methods=["GET"]),
    Route("/s/{token}", _friendly(answer_page), methods=["POST"]),
)


async def _visit(request: Request) -> Visit | Response:
    runtime = runtime_of(request)
    link = Links(runtime.settings).read(request.path_params["token"])
    if link is None:
        return message_page("unknown", 404, page_locale(request, None))
    invitation = None
    if link.kind is LinkKind.INVITATION:
        async with public_work(request, link.account_id, _ANYBODY) as work:
            invitation = await work.session.get(Invitation, link.target_id)
        if invitation is None:
            return message_page("unknown", 404, page_locale(request, None))
    survey_id = invitation.survey_id if invitation else link.target_id
    survey = await published_surveys(runtime).find(link.account_id, survey_id)
    locale = page_locale(request, survey, invitation.locale if invitation else None)
    if invitation and invitation.state is InvitationState.ANSWERED:
        # Who sends twice has done nothing wrong; whoever comes back later learns that the link is used up.
        return message_page("used", 200 if request.method == "POST" else 410, locale)
    if invitation and (invitation.state is not InvitationState.OPEN or invitation.expires_at <= runtime.clock.now()):
        return message_page("expired", 410, locale)
    if survey is None or not survey.is_open:
        return message_page("closed", 410, locale)
    return Visit(survey, invitation, locale)


async def _entered(request: Request) -> Mapping[str, str]:
    """What the form sent, line breaks as everywhere else. Anything but a small form is an empty one."""
    try:
        text = (await request.body()).decode()
        fields = parse_qsl(text, keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        return {}
    return {name: value.replace("\r\n", "\n") for name, value in fields}


def _answers(survey: PublishedSurvey, entered: Mapping[str, str]) -> list[NewAnswer]:
    """In the order of the questions; what was left empty is no answer."""
    answers = []
    for key, question in survey.questions.items():
        text = entered.get(key, "").strip()
        if text:
            value = as_number(text) if isinstance(question, RatingQuestion) else text
            # No keyboard makes a NUL, and no table takes one.
            answers.append(NewAnswer(question=key, value=None if NUL in text else value))
    return answers


def _submission(entered: Mapping[str, str]) -> str:
    """The open link's own, made when the form was shown; a form without one is a new one."""
    try:
        return str(UUID(entered.get(SUBMISSION, "")))
    except ValueError:
        return str(new_id())


async def _hand_in(request: Request, visit: Visit, answers: Sequence[NewAnswer], submission: str | None) -> Outcome:
    runtime = runtime_of(request)
    survey, invitation = visit.survey, visit.invitation
    response = NewResponse(
        survey_id=survey.survey_id,
        submission_id=f"invitation:{invitation.id}" if invitation else f"link:{submission}",
        answers=list(answers),
        customer=CustomerNamed(id=invitation.customer_id) if invitation else None,
        channel=invitation.channel if invitation else "link",
        language=visit.locale,
    )
    sender = Sender(
        account_id=survey.account_id,
        actor=str(Actor(ActorKind.HUMAN, str(invitation.customer_id)) if invitation else _ANYBODY),
        now=runtime.clock.now(),
        traceparent=request.scope["state"]["traceparent"],
    )
    item = submission_of(
        sender,
        survey,
        response,
        invitation_id=invitation.id if invitation else None,
        ticket_id=invitation.ticket_id if invitation else None,
    )
    return await intake_of(runtime).one(item)
