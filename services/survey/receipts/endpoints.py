"""`/r/{token}`: respondents see, change or delete their answers. No account, no script; the link is the credential.

Nothing happens by opening a link: what changes anything is a form that is sent.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from fastapi import Request
from fastapi import Response as Answer
from starlette.routing import Route

from services.survey.definition.answers import Checked
from services.survey.files import service as files
from services.survey.invitations.tokens import Link, LinkKind, Links
from services.survey.pages.fields import Fields, fields_of
from services.survey.pages.filling import Filling, Step, first_step, next_step
from services.survey.pages.forms import form_of, go_of
from services.survey.pages.rendering import Entered, Sheet, message_page, survey_page
from services.survey.pages.visits import sheet_of
from services.survey.pages.words import page_locale
from services.survey.receipts import service as receipts
from services.survey.receipts.rendering import receipt_page
from services.survey.responses.models import Response
from services.survey.responses.schemas import NewAnswer, NewResponse
from services.survey.responses.submissions import Sender, submission_of
from services.survey.surveys.published import PublishedSurvey, published_surveys
from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.http.dependencies import public_work, runtime_of
from shared.http.errors import Gone, NotFound
from shared.http.problems import translate

_RESPONDENT = Actor(ActorKind.HUMAN, "respondent")


@dataclass(frozen=True, slots=True)
class Visit:
    """A good link, and what it opens: the answers, and the version of the survey that they answer."""

    link: Link
    survey: PublishedSurvey
    response: Response
    sheet: Sheet
    files: Mapping[UUID, str]


async def show_receipt(request: Request) -> Answer:
    """What was answered, and the ways to change or delete it."""
    visit = await _visit(request)
    return receipt_page("shown", visit.sheet, visit.response, visit.files, token=request.path_params["token"])


async def show_form(request: Request) -> Answer:
    """The survey again, with what was answered filled in."""
    visit = await _visit(request)
    questions = list(visit.survey.definition.questions)
    given = {answer["question"]: answer["value"] for answer in visit.response.answers}
    return _shown(request, visit, first_step(_filling(request, visit, fields_of(questions, given))))


async def take_form(request: Request) -> Answer:
    """The next page; after the last one the changed answers are taken."""
    visit = await _visit(request)
    entered = (await form_of(request)).fields
    found = next_step(_filling(request, visit, entered), go_of(entered))
    if isinstance(found, Step):
        return _shown(request, visit, found, entered)
    return await _changed(request, visit, found)


async def ask_before_deleting(request: Request) -> Answer:
    visit = await _visit(request)
    return receipt_page("sure", visit.sheet, visit.response, visit.files, token=request.path_params["token"])


async def delete_answers(request: Request) -> Answer:
    """They are gone when this is answered; the other services follow within seconds."""
    visit = await _visit(request)
    async with public_work(request, visit.link.account_id, _RESPONDENT) as work:
        response = await receipts.read(work, visit.link.target_id, to_change=True)
        await receipts.withdraw(work, response)
    return receipt_page("deleted", visit.sheet, None)


def _friendly(page: Callable[[Request], Awaitable[Answer]]) -> Callable[[Request], Awaitable[Answer]]:
    """Whatever fails, a respondent gets a page, not a problem document."""

    async def endpoint(request: Request) -> Answer:
        try:
            return await page(request)
        except NotFound:
            return message_page("unknown", 404, page_locale(request, None))
        except Gone:
            return receipt_page("deleted", None, None, locale=page_locale(request, None), status=410)
        except Exception as problem:
            failure = translate(problem)
            headers = {"Retry-After": str(failure.retry_after or 10)}
            return message_page("unavailable", failure.status, page_locale(request, None), headers)

    return endpoint


ROUTES = (
    Route("/r/{token}", _friendly(show_receipt), methods=["GET"]),
    Route("/r/{token}/change", _friendly(show_form), methods=["GET"]),
    Route("/r/{token}/change", _friendly(take_form), methods=["POST"]),
    Route("/r/{token}/delete", _friendly(ask_before_deleting), methods=["GET"]),
    Route("/r/{token}/delete", _friendly(delete_answers), methods=["POST"]),
)


async def _visit(request: Request) -> Visit:
    """Raises `NotFound` for what is no receipt, `AnswersWithdrawn` for one whose answers are gone."""
    runtime = runtime_of(request)
    link = Links(runtime.settings).read(request.path_params["token"])
    if link is None or link.kind is not LinkKind.RECEIPT:
        raise receipts.ResponseNotFound
    async with public_work(request, link.account_id, _RESPONDENT) as work:
        response = await receipts.read(work, link.target_id)
        named = await files.of_response(work, response.id)
    survey = await published_surveys(runtime).at(link.account_id, response.survey_id, response.survey_version)
    locale = page_locale(request, survey.definition.locales, *filter(None, [response.language]))
    sheet = sheet_of(runtime, survey, locale)
    return Visit(link, survey, response, sheet, {file.id: file.name for file in named})


def _filling(request: Request, visit: Visit, entered: Fields) -> Filling:
    today = runtime_of(request).clock.now().date().isoformat()
    response = visit.response
    definition = visit.survey.definition
    return Filling(definition, entered, response.hidden, visit.sheet.locale, response.channel, today)


def _shown(request: Request, visit: Visit, step: Step, entered: Fields | None = None) -> Answer:
    today = runtime_of(request).clock.now().date()
    questions = list(visit.survey.definition.questions)
    given = {answer["question"]: answer["value"] for answer in visit.response.answers}
    fields = entered if entered is not None else fields_of(questions, given)
    return survey_page(visit.sheet, step, Entered(fields, None, str(visit.response.id), today, _by_text(visit.files)))


def _by_text(files: Mapping[UUID, str]) -> dict[str, str]:
    return {str(file_id): name for file_id, name in files.items()}


async def _changed(request: Request, visit: Visit, checked: Checked) -> Answer:
    runtime, kept = runtime_of(request), visit.response
    wanted = NewResponse(
        survey_id=kept.survey_id,
        submission_id=kept.submission_id,
        answers=[NewAnswer(question=key, value=value) for key, value in checked.values.items()],
        hidden=kept.hidden,
        channel=kept.channel,
        language=visit.sheet.locale,
        left=[page.key for page in checked.walk.pages],
    )
    sender = Sender(visit.link.account_id, str(_RESPONDENT), runtime.clock.now(), None)
    submission = submission_of(sender, visit.survey, wanted)
    async with public_work(request, visit.link.account_id, _RESPONDENT) as work:
        response = await receipts.read(work, visit.link.target_id, to_change=True)
        await receipts.change(work, response, submission)
    return receipt_page("changed", visit.sheet, response, visit.files, token=request.path_params["token"])
