"""`/s/{token}`: the hosted page. The link is the credential, so there is nothing to sign in to and nothing to forge.

A GET records nothing, whatever it carries: mail scanners follow every link. `?score=` only preselects.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import Request, Response
from starlette.routing import Route

from services.survey.definition.answers import Checked
from services.survey.definition.document import Definition
from services.survey.definition.questions import CES, CSAT, NPS, Rating, bounds
from services.survey.invitations.models import UNANSWERED, Invitation, InvitationState
from services.survey.invitations.tokens import Link, LinkKind, Links
from services.survey.pages.fields import Fields
from services.survey.pages.filling import LANG, SUBMISSION, Filling, Go, Step, first_step, next_step
from services.survey.pages.opening import first_pages, is_the_same_for_all
from services.survey.pages.rendering import Entered, Sheet, ending_page, message_page, survey_page
from services.survey.pages.words import page_locale
from services.survey.responses.intake import Outcome, Sender, intake_of, submission_of
from services.survey.responses.schemas import CustomerNamed, NewAnswer, NewResponse
from services.survey.surveys.published import PublishedSurvey, published_surveys
from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.http.dependencies import public_work, runtime_of
from shared.http.problems import translate
from shared.http.schemas import NUL
from shared.ids import new_id

# A table of 200 rows in which several can be chosen is the longest form that there can be.
MOST_FIELDS = 5_000
LONGEST_HIDDEN = 200
_STEPS: Mapping[str, Go] = {"next": "next", "back": "back"}
_ANYBODY = Actor(ActorKind.HUMAN, "respondent")


@dataclass(frozen=True, slots=True)
class Visit:
    """A good link, and what it opens. `invitation` is None for an open link."""

    survey: PublishedSurvey
    sheet: Sheet
    invitation: Invitation | None

    @property
    def needs_submission(self) -> bool:
        """A personal link is one submission, and says so; but not of a survey that promises not to know whose it is."""
        return self.invitation is None or self.survey.definition.anonymous


async def show_page(request: Request) -> Response:
    """The first page, or a friendly word why there is none."""
    visit = await _visit(request, {})
    if isinstance(visit, Response):
        return visit
    filling = _filling(request, visit, _preselected(request, visit.sheet.definition))
    submission = str(new_id()) if visit.needs_submission else None
    if not is_the_same_for_all(filling):
        return _shown(request, visit, filling, first_step(filling), submission)
    pages, survey, sheet = first_pages(runtime_of(request)), visit.survey, visit.sheet
    scores = tuple((key, value) for key, values in filling.entered.items() for value in values)
    key = (survey.survey_id, survey.version, sheet.business, sheet.locale, filling.today, submission is None, scores)
    marked = None if submission is None else pages.mark
    return pages.show(key, lambda: _shown(request, visit, filling, first_step(filling), marked), submission)


async def answer_page(request: Request) -> Response:
    """The next page; after the last one the answers are taken, once. Sending them again is thanked for again."""
    entered = await _entered(request)
    visit = await _visit(request, entered)
    if isinstance(visit, Response):
        return visit
    filling = _filling(request, visit, entered)
    submission = _submission(entered) if visit.needs_submission else None
    found = next_step(filling, _go(entered))
    if isinstance(found, Step):
        return _shown(request, visit, filling, found, submission)
    outcome = await _hand_in(request, visit, found, filling.hidden, submission)
    if outcome.kind == "duplicate":
        return message_page("used", 200, visit.sheet.locale, sheet=visit.sheet)
    return _ended(request, visit, found, outcome)


def _ended(request: Request, visit: Visit, checked: Checked, outcome: Outcome) -> Response:
    """Over a full quota the quota's own ending, or ours."""
    definition, facts = visit.sheet.definition, checked.walk.facts
    receipt = None
    if definition.receipt and outcome.response_id is not None:
        link = Link(LinkKind.RECEIPT, visit.survey.account_id, outcome.response_id)
        receipt = Links(runtime_of(request).settings).url(link)
    if outcome.over_quota is None:
        return ending_page(visit.sheet, checked.walk.ending, facts, receipt=receipt)
    ending = next((one for one in definition.endings if one.key == outcome.ending), None)
    return ending_page(visit.sheet, ending, facts, message="full", receipt=receipt)


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


async def _visit(request: Request, entered: Fields) -> Visit | Response:
    runtime = runtime_of(request)
    link = Links(runtime.settings).read(request.path_params["token"])
    if link is None or link.kind is LinkKind.RECEIPT:
        return message_page("unknown", 404, page_locale(request, None))
    invitation = None
    if link.kind is LinkKind.INVITATION:
        async with public_work(request, link.account_id, _ANYBODY) as work:
            invitation = await work.session.get(Invitation, link.target_id)
        if invitation is None:
            return message_page("unknown", 404, page_locale(request, None))
    survey_id = invitation.survey_id if invitation else link.target_id
    survey = await published_surveys(runtime).find(link.account_id, survey_id)
    definition = survey.definition if survey else None
    chosen = [value for name in ("lang", LANG) for value in entered.get(name, ())]
    invited = [invitation.locale] if invitation else []
    locale = page_locale(request, definition.locales if definition else None, *invited, chosen=chosen)
    sheet = Sheet(definition, survey.business, locale) if survey and definition else None
    if invitation and invitation.state is InvitationState.ANSWERED:
        # Who sends twice has done nothing wrong; whoever comes back later learns that the link is used up.
        return message_page("used", 200 if request.method == "POST" else 410, locale, sheet=sheet)
    if invitation and (invitation.state not in UNANSWERED or invitation.expires_at <= runtime.clock.now()):
        return message_page("expired", 410, locale, sheet=sheet)
    if survey is None or sheet is None or not survey.takes_answers(runtime.clock.now()):
        return message_page("closed", 410, locale, sheet=sheet)
    return Visit(survey, sheet, invitation)


def _filling(request: Request, visit: Visit, entered: Fields) -> Filling:
    definition = visit.sheet.definition
    asked = request.query_params
    hidden = {one.key: asked[one.key][:LONGEST_HIDDEN] for one in definition.hidden_fields if one.key in asked}
    channel = visit.invitation.channel if visit.invitation else "link"
    today = runtime_of(request).clock.now().date().isoformat()
    return Filling(definition, entered, hidden, visit.sheet.locale, channel, today)


def _shown(request: Request, visit: Visit, filling: Filling, step: Step, submission: str | None) -> Response:
    order = submission or str(visit.invitation.id if visit.invitation else "")
    today = runtime_of(request).clock.now().date()
    return survey_page(visit.sheet, step, Entered(filling.entered, submission, order, today))


def _preselected(request: Request, definition: Definition) -> Fields:
    """Scores that came with the link, as the choices in an e-mail have them."""
    found = {}
    for question in definition.pages[0].questions:
        text = request.query_params.get(question.key, "")
        if isinstance(question, NPS | CSAT | CES | Rating) and text in _scores(question):
            found[question.key] = [text]
    return found


def _scores(question: NPS | CSAT | CES | Rating) -> list[str]:
    low, high = bounds(question)
    return [str(score) for score in range(low, high + 1)]


async def _entered(request: Request) -> Fields:
    """What the form sent, line breaks as everywhere else. Anything but a form is an empty one."""
    try:
        text = (await request.body()).decode()
        pairs = parse_qsl(text, keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        return {}
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        # No keyboard makes a NUL, and no table takes one.
        if NUL in value:
            return {}
        fields.setdefault(name, []).append(value.replace("\r\n", "\n"))
    return fields


def _go(entered: Fields) -> Go:
    """Choosing a language only shows the page again."""
    if "lang" in entered:
        return "look"
    return _STEPS.get(next(iter(entered.get("go", ())), "next"), "look")


def _submission(entered: Fields) -> str:
    """The open link's own, made when the form was shown; a form without one is a new one."""
    try:
        return str(UUID(next(iter(entered.get(SUBMISSION, ())), "")))
    except ValueError:
        return str(new_id())


async def _hand_in(
    request: Request, visit: Visit, checked: Checked, hidden: Mapping[str, str], submission: str | None
) -> Outcome:
    runtime = runtime_of(request)
    survey, invitation = visit.survey, visit.invitation
    response = NewResponse(
        survey_id=survey.survey_id,
        submission_id=f"link:{submission}" if submission or not invitation else f"invitation:{invitation.id}",
        answers=[NewAnswer(question=key, value=value) for key, value in checked.values.items()],
        customer=CustomerNamed(id=invitation.customer_id) if invitation else None,
        channel=invitation.channel if invitation else "link",
        language=visit.sheet.locale,
        hidden=dict(hidden),
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
