"""What respondents answer, kept in the process: the intake asks for it with every response.

An entry lives for `FRESH_SECONDS`, so a pause or a new version made in another process is seen that much later.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.survey.accounts.models import Account
from services.survey.definition.document import Definition
from services.survey.definition.questions import File, Question, Scored
from services.survey.surveys.models import Survey, SurveyState, SurveyVersion
from shared.clock import Clock
from shared.db.database import Database
from shared.fresh import Fresh
from shared.http.errors import Conflict, Unacceptable
from shared.service import Runtime
from shared.work import Work

FRESH_SECONDS = 2.0
MOST_ENTRIES = 5_000
_KEY = "survey.published"


class SurveyClosed(Conflict):
    """The survey takes no answers at the moment: it is a draft, paused or archived, not open yet or closed already."""

    code = "survey_closed"


@dataclass(frozen=True, slots=True)
class PublishedSurvey:
    """A published version of a survey. `is_open` is false while the survey takes no answers at all; if it is true,
    `takes_answers` says whether it does so now.

    `name` is for colleagues; `business` is what respondents know the account by. `questions` by key, in their order.
    """

    account_id: UUID
    survey_id: UUID
    version: int
    is_open: bool
    name: str
    business: str | None
    kind: str
    touchpoint: str | None
    definition: Definition
    questions: dict[str, Question]
    score: Scored | None
    takes_files: bool
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    response_limit: int | None = None

    def takes_answers(self, now: datetime) -> bool:
        """From `opens_at` until before `closes_at`. Whether the limit is reached is for the intake to say, exactly."""
        has_begun = self.opens_at is None or self.opens_at <= now
        return self.is_open and has_begun and (self.closes_at is None or now < self.closes_at)

    @property
    def locale(self) -> str:
        return self.definition.locales[0]


class PublishedSurveys:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._known = Fresh(self._load, seconds=FRESH_SECONDS, most=MOST_ENTRIES)

    async def find(self, account_id: UUID, survey_id: UUID, version: int | None = None) -> PublishedSurvey | None:
        """This version, or the latest. None if the account has no such survey, or it was never published so."""
        return await self._known.get((account_id, survey_id, version))

    async def open(self, account_id: UUID, survey_id: UUID) -> PublishedSurvey:
        """Raises `Unacceptable` for an unknown survey, `SurveyClosed` for one that takes no answers now."""
        survey = await self.find(account_id, survey_id)
        if survey is None:
            # A draft is told apart from an unknown survey: the sender can do something about it.
            await self._refuse_unknown(account_id, survey_id)
        if survey is None or not survey.takes_answers(self._clock.now()):
            raise SurveyClosed
        return survey

    async def at(self, account_id: UUID, survey_id: UUID, version: int) -> PublishedSurvey:
        """A version that was shown to somebody. Raises `Unacceptable` for one that was never published."""
        found = await self.find(account_id, survey_id, version)
        if found is None:
            detail = f"The survey was never published with version {version}."
            raise Unacceptable.field("/survey_version", "unknown_version", detail)
        return found

    def forget(self, account_id: UUID, survey_id: UUID) -> None:
        self._known.forget(lambda key: key[:2] == (account_id, survey_id))

    async def _load(self, key: tuple[UUID, UUID, int | None]) -> PublishedSurvey | None:
        account_id, survey_id, number = key
        async with self._database.transaction(account_id) as session:
            return await _loaded(session, account_id, survey_id, number)

    async def _refuse_unknown(self, account_id: UUID, survey_id: UUID) -> None:
        statement: Any = select(Survey.id).where(Survey.id == survey_id, Survey.account_id == account_id)
        async with self._database.transaction(account_id) as session:
            if await session.scalar(statement) is None:
                raise Unacceptable.field("/survey_id", "unknown_survey", "There is no such survey here.")


async def read(work: Work, survey_id: UUID) -> PublishedSurvey | None:
    """The latest version, within a transaction. None if the account has no such survey, or never published it."""
    return await _loaded(work.session, work.account_id, survey_id, None)


async def _loaded(
    session: AsyncSession, account_id: UUID, survey_id: UUID, number: int | None
) -> PublishedSurvey | None:
    version = SurveyVersion
    wanted = Survey.published_version if number is None else number
    same = (version.survey_id == Survey.id) & (version.version == wanted)
    statement = (
        select(version, Survey, Account.name)
        .join(Survey, same)
        .outerjoin(Account, Account.account_id == Survey.account_id)
        .where(Survey.id == survey_id, Survey.account_id == account_id)
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else _published(row[0], row[1], business=row[2])


def published_surveys(runtime: Runtime) -> PublishedSurveys:
    """The one of this process."""
    found: PublishedSurveys | None = runtime.state.get(_KEY)
    if found is None:
        found = runtime.state[_KEY] = PublishedSurveys(runtime.database, runtime.clock)
    return found


def _published(version: SurveyVersion, survey: Survey, *, business: str | None) -> PublishedSurvey:
    definition = Definition.model_validate(version.definition)
    return PublishedSurvey(
        account_id=version.account_id,
        survey_id=version.survey_id,
        version=version.version,
        is_open=survey.state is SurveyState.PUBLISHED,
        name=version.name,
        business=business,
        kind=version.kind,
        touchpoint=version.touchpoint,
        definition=definition,
        questions={question.key: question for question in definition.questions},
        score=definition.score,
        takes_files=any(isinstance(question, File) for question in definition.questions),
        opens_at=survey.opens_at,
        closes_at=survey.closes_at,
        response_limit=survey.response_limit,
    )
