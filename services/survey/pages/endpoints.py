"""`/s/{token}`: the hosted page. The link is the credential, so there is nothing to sign in to and nothing to forge.

A GET records nothing, whatever it carries: mail scanners follow every link. `?score=` only preselects.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from fastapi import Request, Response
from starlette.routing import Route

from services.survey.definition.document import Definition
from services.survey.definition.flow import Walk
from services.survey.definition.piping import known_before
from services.survey.definition.questions import CES, CSAT, NPS, Rating, bounds
from services.survey.files.endpoints import LARGEST as LARGEST_FILE
from services.survey.invitations.tokens import Link, LinkKind, Links
from services.survey.pages import keeping
from services.survey.pages.fields import Fields
from services.survey.pages.filling import PROOF, STAMP, Filling, Go, Step, first_step, next_step
from services.survey.pages.forms import form_of, go_of
from services.survey.pages.opening import first_pages, is_the_same_for_all
from services.survey.pages.rendering import Entered, ending_page, later_page, message_page, survey_page
from services.survey.pages.visits import ATTEMPT, Visit, visit_of
from services.survey.pages.words import page_locale
from services.survey.responses import quotas, suspicion
from services.survey.responses.intake import Outcome
from shared.http.dependencies import runtime_of
from shared.http.problems import translate
from shared.service import Runtime

LONGEST_HIDDEN = 200
# One large file and everything else, or several that are not quite so large.
LARGEST = LARGEST_FILE + 2_097_152


async def show_page(request: Request) -> Response:
    """The page to begin with, or to go on with; or a friendly word why there is none."""
    visit = await visit_of(request, {})
    if isinstance(visit, Response):
        return visit
    definition = visit.sheet.definition
    kept: Fields = {}
    if visit.invitation or ATTEMPT in request.query_params:
        kept = await keeping.resumed(request, visit)
    # Who has begun may hold a place already; the intake knows, exactly.
    if not kept and (full := await _full(request, visit)) is not None:
        return full
    filling = _filling(request, visit, {**_preselected(request, definition), **kept})
    runtime, stamp = runtime_of(request), _stamp(request, visit)
    if kept or not is_the_same_for_all(filling):
        return await _shown(request, visit, filling, first_step(filling), stamp)
    pages, survey, sheet = first_pages(runtime), visit.survey, visit.sheet
    scores = tuple((key, value) for key, values in filling.entered.items() for value in values)
    is_own = visit.submission is None
    key = (survey.survey_id, survey.version, sheet.business, sheet.locale, filling.today, is_own, scores)
    own, stamped = pages.marks
    marked = replace(visit, submission=None if is_own else own)
    page = pages.find(key) or pages.keep(key, await _shown(request, marked, filling, first_step(filling), stamped))
    return page.shown({own: visit.submission or "", stamped: stamp})


async def answer_page(request: Request) -> Response:
    """The next page; after the last one the answers are taken, once. Sending them again is thanked for again."""
    form = await form_of(request)
    visit = await visit_of(request, form.fields)
    if isinstance(visit, Response):
        return visit
    uploads = await keeping.upload(request, visit, form.files)
    entered = form.fields | {key: [*form.fields.get(key, ()), *ids] for key, ids in uploads.taken.items()}
    filling = replace(_filling(request, visit, entered), refused=uploads.refused)
    go = go_of(entered)
    if go in ("seen", "leave", "keep"):
        return await _told(request, visit, filling, go)
    found = next_step(filling, go)
    if isinstance(found, Step):
        outcome = None if go == "look" else await keeping.keep_part(request, visit, filling)
        if outcome is not None and outcome.over_quota is not None:
            return _ended(request, visit, found.walk, outcome)
        if go == "later":
            return later_page(visit.sheet, _later(request, visit))
        return await _shown(request, visit, filling, found, filling.text(STAMP) or _stamp(request, visit))
    outcome = await keeping.hand_in(request, visit, filling, found.values)
    if outcome.kind == "duplicate":
        return message_page("used", 200, visit.sheet.locale, sheet=visit.sheet)
    return _ended(request, visit, found.walk, outcome)


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


async def _told(request: Request, visit: Visit, filling: Filling, go: Go) -> Response:
    """What the page's script says without being asked: seen, still there, gone."""
    if go != "seen":
        await keeping.keep_part(request, visit, filling)
    if go != "keep":
        await keeping.observe(request, visit, filling, "displayed" if go == "seen" else "dismissed")
    return Response(status_code=204)


def _ended(request: Request, visit: Visit, way: Walk, outcome: Outcome) -> Response:
    """Over a full quota the quota's own ending, or ours."""
    definition, facts = visit.sheet.definition, way.facts
    receipt = None
    if definition.receipt and outcome.response_id is not None:
        link = Link(LinkKind.RECEIPT, visit.survey.account_id, outcome.response_id)
        receipt = Links(runtime_of(request).settings).url(link)
    if outcome.over_quota is None:
        return ending_page(visit.sheet, way.ending, facts, receipt=receipt)
    ending = next((one for one in definition.endings if one.key == outcome.ending), None)
    return ending_page(visit.sheet, ending, facts, message="full", receipt=receipt)


async def _full(request: Request, visit: Visit) -> Response | None:
    """Said before anything is filled in, not after."""
    survey, runtime, definition = visit.survey, runtime_of(request), visit.sheet.definition
    if survey.response_limit is None and not definition.quotas:
        return None
    async with runtime.database.transaction(survey.account_id) as session:
        found = await quotas.full(session, survey.survey_id, definition, survey.response_limit)
    if found is None:
        return None
    ending = next((one for one in definition.endings if one.key == found.ending), None)
    nothing = known_before(definition, locale=visit.sheet.locale, channel=visit.channel, today=_today(runtime))
    return ending_page(visit.sheet, ending, nothing, message="full")


def _filling(request: Request, visit: Visit, entered: Fields) -> Filling:
    definition = visit.sheet.definition
    asked = request.query_params
    hidden = {one.key: asked[one.key][:LONGEST_HIDDEN] for one in definition.hidden_fields if one.key in asked}
    today = _today(runtime_of(request))
    return Filling(definition, entered, hidden, visit.sheet.locale, visit.channel, today)


def _today(runtime: Runtime) -> str:
    return runtime.clock.now().date().isoformat()


async def _shown(request: Request, visit: Visit, filling: Filling, step: Step, stamp: str) -> Response:
    runtime = runtime_of(request)
    puzzle = None
    if visit.sheet.definition.proof_of_work and not filling.text(PROOF):
        puzzle = suspicion.puzzle(runtime.settings, visit.submission_id, runtime.clock.now())
    entered = Entered(
        fields=filling.entered,
        submission=visit.submission,
        order=visit.submission_id,
        today=runtime.clock.now().date(),
        stamp=stamp,
        version=visit.survey.version,
        files=await keeping.file_names(request, visit) if step.takes_files else {},
        puzzle=puzzle,
    )
    return survey_page(visit.sheet, step, entered)


def _stamp(request: Request, visit: Visit) -> str:
    runtime = runtime_of(request)
    return suspicion.stamp(runtime.settings, visit.survey.survey_id, runtime.clock.now())


def _later(request: Request, visit: Visit) -> str:
    """The address to go on at."""
    address = str(runtime_of(request).settings.public_url).rstrip("/") + request.url.path
    return address if visit.submission is None else f"{address}?{ATTEMPT}={visit.submission}"


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
