"""How an account's assistant is set, and what it learns from the articles."""

from typing import Final

import orjson
import structlog
from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.dialects.postgresql import insert

from services.tickets.assistant.models import Knowledge, Settings
from services.tickets.assistant.retrieval import questions_of
from services.tickets.assistant.schemas import AssistantIn, AssistantOut
from shared.apart import Failed, run_apart
from shared.bus.subscriptions import Timer
from shared.http.dependencies import check_match
from shared.work import Work

log = structlog.get_logger(__name__)

# What fits into the lease of a timer, with room to spare.
_SECONDS: Final = 40.0
_MEGABYTES: Final = 2_048
_MOST_QUESTIONS: Final = 5_000
_MODULE: Final = "services.tickets.assistant.learning"


async def settings_of(work: Work) -> AssistantIn:
    known = await work.session.get(Settings, work.account_id)
    return AssistantIn() if known is None else AssistantIn.model_validate(known.values)


async def replace(work: Work, body: AssistantIn, expected: int | None) -> AssistantOut:
    """Raises `StaleVersion`."""
    known = await work.session.get(Settings, work.account_id, with_for_update=True)
    check_match(expected, known.version if known else 0)
    if known is None:
        known = Settings(account_id=work.account_id, version=0)
        work.session.add(known)
    known.values, known.updated_at = body.model_dump(mode="json"), work.now
    known.version += 1
    await work.session.flush()
    return await shown(work)


async def shown(work: Work) -> AssistantOut:
    known = await work.session.get(Settings, work.account_id)
    mine = select(Knowledge.locale, Knowledge.questions).where(Knowledge.account_id == work.account_id)
    knows = {row.locale: row.questions for row in await work.session.execute(mine)}
    values = (await settings_of(work)).model_dump()
    return AssistantOut(version=known.version if known else 0, knows=knows, **values)


async def learn(work: Work, timer: Timer) -> None:
    """The public articles have changed. One article alone is nothing to tell apart: then search has to do."""
    for locale, rows in (await questions_of(work)).items():
        if len({label for _, label in rows}) < 2:
            await work.session.execute(delete(Knowledge).where(_of(work, locale)))
            continue
        try:
            given = orjson.dumps(rows[:_MOST_QUESTIONS])
            content = await run_apart(_MODULE, given, seconds=_SECONDS, megabytes=_MEGABYTES)
        except Failed as problem:
            # What was learned before stands, and search finds what is new.
            log.warning("assistant_not_taught", account=str(work.account_id), locale=locale, problem=str(problem))
            continue
        values = {"content": content, "questions": len(rows), "learned_at": work.now}
        statement = insert(Knowledge).values(account_id=work.account_id, locale=locale, **values)
        await work.session.execute(
            statement.on_conflict_do_update(index_elements=["account_id", "locale"], set_=values)
        )


def _of(work: Work, locale: str) -> ColumnElement[bool]:
    return (Knowledge.account_id == work.account_id) & (Knowledge.locale == locale)
