"""What respondents agreed to, and took back, told to the ledger once it is known who they are.

Statements are read off a response's answers and those that stood before them, so their ids are the same whenever they
are read: told again, they are written down once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import select, tuple_

from services.survey.definition.document import Definition
from services.survey.definition.facts import Attempt
from services.survey.definition.flow import walk
from services.survey.definition.piping import filled
from services.survey.definition.questions import Consent
from services.survey.definition.texts import in_locale
from services.survey.responses.models import Response, ResponseVersion
from services.survey.surveys.models import SurveyVersion
from services.survey.surveys.service import definition_of
from shared.contracts.consent import ConsentStated
from shared.work import Work


@dataclass(frozen=True, slots=True)
class _Standing:
    """The answers of one revision, by question, and since when they stood."""

    revision: int
    answers: Mapping[str, Any]
    since: datetime


def asked_in(definition: Definition) -> Sequence[Consent]:
    """The questions whose answers go into the ledger."""
    return [one for one in definition.questions if isinstance(one, Consent) and one.purpose is not None]


async def stated_in(work: Work, customers: Mapping[UUID, UUID]) -> Sequence[ConsentStated]:
    """By the responses with these ids, which belong to these customers: all that was stated so far, oldest first."""
    statement = select(Response).where(
        Response.account_id == work.account_id,
        Response.id.in_(customers),
        Response.completed,
        ~Response.anonymous,
        Response.withdrawn_at.is_(None),
    )
    responses = (await work.session.scalars(statement, execution_options={"populate_existing": True})).all()
    definitions = await _definitions(work, responses)
    asking = [one for one in responses if asked_in(definitions[one.survey_id, one.survey_version])]
    before = await _versions(work, asking)
    return [
        stated
        for response in asking
        for stated in _changes(
            response,
            definitions[response.survey_id, response.survey_version],
            customers[response.id],
            _standings(response, before.get(response.id, ())),
        )
    ]


async def taken_back(work: Work, response: Response, customer_id: UUID, at: datetime) -> Sequence[ConsentStated]:
    """With its answers a respondent takes back what they had agreed to in them."""
    definition = (await _definitions(work, [response]))[response.survey_id, response.survey_version]
    now = _Standing(response.revision, _by_question(response.answers), response.occurred_at)
    nothing = _Standing(response.revision + 1, {}, at)
    return [one for one in _changes(response, definition, customer_id, [now, nothing]) if not one.granted]


def _changes(
    response: Response, definition: Definition, customer_id: UUID, standings: Sequence[_Standing]
) -> Iterator[ConsentStated]:
    """An answer that is left out says nothing, unless it takes back a yes."""
    known: dict[str, bool | None] = {}
    for standing in standings:
        for question in asked_in(definition):
            said = standing.answers.get(question.key)
            if said is None and known.get(question.key):
                said = False
            if said is None or said is known.get(question.key):
                continue
            known[question.key] = said
            yield ConsentStated(
                statement_id=uuid5(response.id, f"{question.key} {standing.revision}"),
                customer_id=customer_id,
                purpose=str(question.purpose),
                channel=question.channel,
                granted=said,
                text=_as_it_was_read(response, definition, question, standing.answers),
                text_version=f"survey version {response.survey_version}",
                survey_id=response.survey_id,
                response_id=response.id,
                question=question.key,
                stated_at=standing.since,
            )


def _as_it_was_read(response: Response, definition: Definition, question: Consent, answers: Mapping[str, Any]) -> str:
    languages = (response.language or definition.locales[0], definition.locales[0])
    day = response.received_at.date().isoformat()
    way = walk(definition, Attempt(answers, response.hidden, languages[0], response.channel, day))
    return filled(in_locale(question.statement, *languages), way.facts, *languages)


def _standings(response: Response, before: Sequence[ResponseVersion]) -> Sequence[_Standing]:
    since = response.occurred_at
    found = []
    for version in before:
        found.append(_Standing(version.revision, _by_question(version.answers), since))
        since = version.ended_at
    return [*found, _Standing(response.revision, _by_question(response.answers), since)]


def _by_question(answers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {answer["question"]: answer["value"] for answer in answers}


async def _definitions(work: Work, responses: Sequence[Response]) -> Mapping[tuple[UUID, int], Definition]:
    wanted = {(response.survey_id, response.survey_version) for response in responses}
    statement = select(SurveyVersion).where(
        SurveyVersion.account_id == work.account_id,
        tuple_(SurveyVersion.survey_id, SurveyVersion.version).in_(wanted),
    )
    found = await work.session.scalars(statement) if wanted else ()
    return {(version.survey_id, version.version): definition_of(version) for version in found}


async def _versions(work: Work, responses: Sequence[Response]) -> Mapping[UUID, Sequence[ResponseVersion]]:
    statement = select(ResponseVersion).where(
        ResponseVersion.account_id == work.account_id,
        ResponseVersion.response_id.in_([response.id for response in responses]),
    )
    found: dict[UUID, list[ResponseVersion]] = {}
    for version in await work.session.scalars(statement.order_by(ResponseVersion.revision)) if responses else ():
        found.setdefault(version.response_id, []).append(version)
    return found
