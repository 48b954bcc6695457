"""`/w/{key}`: the widget's script and what it asks of us. Plain routes, for pages of other origins."""

from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from fastapi import Request, Response
from starlette.routing import Route

from services.survey.attempts import service as attempts
from services.survey.attempts.endpoints import observed_in
from services.survey.definition.answers import Checked, check
from services.survey.definition.facts import Attempt
from services.survey.definition.flow import walk
from services.survey.definition.texts import best_locale
from services.survey.encoding import to_json
from services.survey.files import service as files
from services.survey.invitations.tokens import Link, LinkKind, Links
from services.survey.pages.problems import Wrong, told
from services.survey.pages.rendering import Sheet
from services.survey.pages.words import words_in
from services.survey.responses import suspicion
from services.survey.responses.intake import Outcome, Sender, Watched, intake_of, submission_of
from services.survey.responses.schemas import NewResponse
from services.survey.surveys.published import PublishedSurvey, published_surveys
from services.survey.widget.door import DOOR, VISITOR, identified
from services.survey.widget.schemas import Filled, Shown
from services.survey.widget.steps import end_step, frame, page_step
from shared.http.dependencies import public_work, runtime_of
from shared.http.errors import Unacceptable
from shared.service import Runtime
from shared.visitors.door import Guest, preflight, read_body

CHANNEL = "widget"
_SCRIPT = Path(__file__).parent / "script"
# In the order in which they build on each other; together they are one function, so nothing of it is seen outside.
_PARTS = ("device", "sending", "building", "controls", "view", "showing")
_STYLE = '"/*css*/"'


async def give_script(request: Request) -> Response:
    """The same for every key: what differs is asked for when it runs."""
    headers = {"Cache-Control": "public, max-age=600", "Cross-Origin-Resource-Policy": "cross-origin"}
    return Response(script(), headers=headers, media_type="text/javascript; charset=utf-8")


async def show_survey(request: Request, guest: Guest) -> Response:
    """The page that comes first, or next for somebody who comes back."""
    runtime, query = runtime_of(request), request.query_params
    survey = await _open(runtime, guest, _uuid(request.path_params["survey_id"]), None)
    submission_id, now = query.get("submission", "")[:36], runtime.clock.now()
    sheet = _sheet(survey, query.get("lang", ""))
    way = walk(survey.definition, _attempt(survey, {}, {}, sheet.locale, runtime, frozenset()))
    found = frame(sheet, survey.version) | page_step(sheet, way, submission_id, now.date().isoformat())
    found["stamp"] = suspicion.stamp(runtime.settings, survey.survey_id, now)
    if survey.definition.proof_of_work:
        found["puzzle"] = suspicion.puzzle(runtime.settings, submission_id, now)
    return json_answer(found)


async def observe(request: Request, guest: Guest) -> Response:
    """Displayed, started or dismissed."""
    body, runtime = await read_body(request, Shown), runtime_of(request)
    survey = await _open(runtime, guest, body.survey_id, None)
    observed = observed_in(body.model_copy(update={"channel": CHANNEL}), survey)
    async with public_work(request, guest.account_id, VISITOR) as work:
        await attempts.observe(work, observed)
    return json_answer({})


async def answer(request: Request, guest: Guest) -> Response:
    """Keep the answers so far and say what is asked next; after the last page, that they have arrived."""
    body, runtime = await read_body(request, Filled), runtime_of(request)
    survey = await _open(runtime, guest, body.survey_id, body.survey_version)
    sheet = _sheet(survey, body.language)
    given = {one.question: one.value for one in body.answers}
    attempt = _attempt(survey, given, body.hidden, sheet.locale, runtime, frozenset(body.left))
    today = attempt.today
    if not body.forward:
        return json_answer(page_step(sheet, walk(survey.definition, attempt), body.submission_id, today))
    checked = check(survey.definition, attempt, complete=True)
    if checked.problems:
        return json_answer({"errors": _errors(sheet, survey, checked)}, 422)
    outcome = await _hand_in(request, guest, survey, body, sheet.locale)
    if outcome.over_quota is None and checked.walk.page is not None and outcome.kind != "duplicate":
        return json_answer(page_step(sheet, checked.walk, body.submission_id, today))
    ending = next((one for one in survey.definition.endings if one.key == outcome.ending), None)
    receipt = _receipt(runtime, guest, survey, outcome)
    return json_answer(end_step(sheet, checked.walk, ending, is_full=outcome.over_quota is not None, receipt=receipt))


async def upload(request: Request, guest: Guest) -> Response:
    """A file for a question of this attempt, as the body."""
    runtime, query = runtime_of(request), request.query_params
    survey = await _open(runtime, guest, _uuid(query.get("survey_id", "")), None)
    asked = files.question_for(survey, query.get("question", ""))
    content = await request.body()
    async with public_work(request, guest.account_id, VISITOR) as work:
        file = await files.take(
            work,
            survey,
            asked,
            submission_id=query.get("submission_id", "")[:36],
            name=query.get("name", "file")[:1_000],
            content=content,
        )
        return json_answer({"id": file.id})


@cache
def script() -> str:
    """The style sheet travels inside it: one request, and no question of where it comes from."""
    style = orjson.dumps(" ".join((_SCRIPT / "heed.css").read_text().split())).decode()
    body = "".join((_SCRIPT / f"{part}.js").read_text() for part in _PARTS)
    return f'/* Heed */(() => {{"use strict";\n{body.replace(_STYLE, style)}}})();\n'


ROUTES = (
    Route("/w/{key}.js", give_script, methods=["GET"]),
    Route("/w/{key}/surveys/{survey_id}", DOOR.guarded(show_survey), methods=["GET"]),
    Route("/w/{key}/attempts", DOOR.guarded(observe), methods=["POST"]),
    Route("/w/{key}/responses", DOOR.guarded(answer), methods=["POST"]),
    Route("/w/{key}/uploads", DOOR.guarded(upload), methods=["POST"]),
    Route("/w/{key}/{rest:path}", DOOR.guarded(preflight), methods=["OPTIONS"]),
)


async def _open(runtime: Runtime, guest: Guest, survey_id: UUID, version: int | None) -> PublishedSurvey:
    surveys = published_surveys(runtime)
    survey = await surveys.open(guest.account_id, survey_id)
    return survey if version is None else await surveys.at(guest.account_id, survey_id, version)


def _sheet(survey: PublishedSurvey, wanted: str) -> Sheet:
    locales = survey.definition.locales
    return Sheet(survey.definition, survey.business, best_locale(dict.fromkeys(locales), wanted[:35], locales[0]))


def _attempt(
    survey: PublishedSurvey,
    answers: dict[str, Any],
    hidden: dict[str, str],
    language: str,
    runtime: Runtime,
    left: frozenset[str],
) -> Attempt:
    return Attempt(answers, hidden, language, CHANNEL, runtime.clock.now().date().isoformat(), left)


async def _hand_in(request: Request, guest: Guest, survey: PublishedSurvey, body: Filled, language: str) -> Outcome:
    runtime = runtime_of(request)
    settings, now = runtime.settings, runtime.clock.now()
    response = NewResponse(
        survey_id=survey.survey_id,
        submission_id=body.submission_id,
        answers=body.answers,
        customer=identified(settings, guest, body.identity),
        channel=CHANNEL,
        touchpoint=body.touchpoint,
        language=language,
        hidden=body.hidden,
        source=body.source,
        left=body.left,
    )
    signs = suspicion.signs(
        settings,
        survey.survey_id,
        body.submission_id,
        now,
        trap=body.trap,
        stamp=body.stamp,
        proof=body.proof,
        wants_proof=survey.definition.proof_of_work,
    )
    sender = Sender(guest.account_id, str(VISITOR), now, request.scope["state"]["traceparent"])
    known = {key: shown for key, shown in body.seen.items() if key in survey.questions}
    last = body.last_question if body.last_question in survey.questions else None
    watched = Watched(known, last, tuple(signs))
    return await intake_of(runtime).one(submission_of(sender, survey, response, watched=watched))


def _errors(sheet: Sheet, survey: PublishedSurvey, checked: Checked) -> list[dict[str, str]]:
    """In the visitor's language, by question."""
    words, say = words_in(sheet.locale), sheet.teller(checked.walk.facts)
    return [
        {
            "question": problem.question,
            "words": told(Wrong.of(problem), survey.questions[problem.question], {}, words, say)
            if problem.question in survey.questions
            else problem.words,
        }
        for problem in checked.problems
    ]


def _receipt(runtime: Runtime, guest: Guest, survey: PublishedSurvey, outcome: Outcome) -> str | None:
    if not survey.definition.receipt or outcome.response_id is None:
        return None
    return Links(runtime.settings).url(Link(LinkKind.RECEIPT, guest.account_id, outcome.response_id))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Unacceptable.field("query:survey_id", "uuid_parsing", "This is no id of a survey.") from None


def json_answer(body: dict[str, Any], status: int = 200) -> Response:
    return Response(to_json(body), status, {"Cache-Control": "no-store"}, "application/json")
