"""What respondents answer, kept in the process: the intake asks for it with every response.

An entry lives for `FRESH_SECONDS`, so a pause or a new version made in another process is seen that much later. The
first to find it stale loads it, and all others wait for the same load: a busy survey costs one query in that time.
"""

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.survey.accounts.models import Account
from services.survey.definition.document import Definition
from services.survey.definition.questions import Question, Scored
from services.survey.surveys.models import Survey, SurveyState, SurveyVersion
from shared.db.database import Database
from shared.http.errors import Conflict, Unacceptable
from shared.service import Runtime

FRESH_SECONDS = 2.0
MOST_ENTRIES = 5_000
_KEY = "survey.published"


class SurveyClosed(Conflict):
    """The survey takes no answers at the moment: it is a draft, paused or archived. Publish it first."""

    code = "survey_closed"


@dataclass(frozen=True, slots=True)
class PublishedSurvey:
    """The latest published version of a survey; `is_open` is false while it takes no answers.

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

    @property
    def locale(self) -> str:
        return self.definition.locales[0]


class PublishedSurveys:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._entries: OrderedDict[tuple[UUID, UUID], tuple[float, asyncio.Task[PublishedSurvey | None]]] = (
            OrderedDict()
        )

    async def find(self, account_id: UUID, survey_id: UUID) -> PublishedSurvey | None:
        """None if the account has no such survey, or it was never published."""
        key = (account_id, survey_id)
        until, loading = self._entries.get(key, (0.0, None))
        if loading is None or until < time.monotonic():
            loading = asyncio.create_task(self._load(account_id, survey_id))
            self._entries[key] = (time.monotonic() + FRESH_SECONDS, loading)
            if len(self._entries) > MOST_ENTRIES:
                self._entries.popitem(last=False)
        if loading.done() and not loading.cancelled() and loading.exception() is None:
            return loading.result()
        try:
            return await asyncio.shield(loading)
        except Exception:
            self.forget(account_id, survey_id)
            raise

    async def open(self, account_id: UUID, survey_id: UUID) -> PublishedSurvey:
        """Raises `Unacceptable` for an unknown survey, `SurveyClosed` for one that takes no answers."""
        survey = await self.find(account_id, survey_id)
        if survey is None:
            # A draft is told apart from an unknown survey: the sender can do something about it.
            await self._refuse_unknown(account_id, survey_id)
        if survey is None or not survey.is_open:
            raise SurveyClosed
        return survey

    async def at(self, account_id: UUID, survey_id: UUID, version: int) -> PublishedSurvey:
        """A version that was shown to somebody. Raises `Unacceptable` for one that was never published."""
        present = await self.find(account_id, survey_id)
        if present is not None and present.version == version:
            return present
        same = (SurveyVersion.survey_id == survey_id) & (SurveyVersion.version == version)
        statement = select(SurveyVersion).where(same, SurveyVersion.account_id == account_id)
        async with self._database.transaction(account_id) as session:
            found = await session.scalar(statement)
        if found is None or present is None:
            detail = f"The survey was never published with version {version}."
            raise Unacceptable.field("/survey_version", "unknown_version", detail)
        return _published(found, is_open=present.is_open, business=present.business)

    def forget(self, account_id: UUID, survey_id: UUID) -> None:
        self._entries.pop((account_id, survey_id), None)

    async def _load(self, account_id: UUID, survey_id: UUID) -> PublishedSurvey | None:
        version = SurveyVersion
        same = (version.survey_id == Survey.id) & (version.version == Survey.published_version)
        statement = (
            select(version, Survey.state, Account.name)
            .join(Survey, same)
            .outerjoin(Account, Account.account_id == Survey.account_id)
            .where(Survey.id == survey_id, Survey.account_id == account_id)
        )
        async with self._database.transaction(account_id) as session:
            row = (await session.execute(statement)).one_or_none()
        if row is None:
            return None
        return _published(row[0], is_open=row[1] is SurveyState.PUBLISHED, business=row[2])

    async def _refuse_unknown(self, account_id: UUID, survey_id: UUID) -> None:
        statement: Any = select(Survey.id).where(Survey.id == survey_id, Survey.account_id == account_id)
        async with self._database.transaction(account_id) as session:
            if await session.scalar(statement) is None:
                raise Unacceptable.field("/survey_id", "unknown_survey", "There is no such survey here.")


def published_surveys(runtime: Runtime) -> PublishedSurveys:
    """The one of this process."""
    found: PublishedSurveys | None = runtime.state.get(_KEY)
    if found is None:
        found = runtime.state[_KEY] = PublishedSurveys(runtime.database)
    return found


def _published(version: SurveyVersion, *, is_open: bool, business: str | None) -> PublishedSurvey:
    definition = Definition.model_validate(version.definition)
    return PublishedSurvey(
        account_id=version.account_id,
        survey_id=version.survey_id,
        version=version.version,
        is_open=is_open,
        name=version.name,
        business=business,
        kind=version.kind,
        touchpoint=version.touchpoint,
        definition=definition,
        questions={question.key: question for question in definition.questions},
        score=definition.score,
    )
