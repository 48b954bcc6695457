"""One look for emerging topics: texts out of the database, grouped in a process of its own, topics back."""

from typing import Final

from services.survey.emerging import service
from services.survey.emerging.lessons import Found, Texts
from services.survey.emerging.models import EmergingLook, LookState
from shared.apart import Failed, run_apart
from shared.dispatch.dispatcher import Dispatcher
from shared.dispatch.queue import Claim, finish, open_claim
from shared.masking import masked
from shared.service import Runtime
from shared.work import Work

_MODULE: Final = "services.survey.emerging.clustering"
_SECONDS: Final = 600.0
_MEGABYTES: Final = 3_072
_MOST_ATTEMPTS: Final = 3


async def look(runtime: Runtime, claim: Claim) -> None:
    """One attempt; the claim is named after the look."""
    async with open_claim(runtime, claim) as work:
        said = await service.texts(work)
    problem = "it ended without a result, several times" if claim.attempts > _MOST_ATTEMPTS else None
    found = Found(groups=[])
    if problem is None:
        # Personal data has no place in a name, and says nothing about a topic.
        given = Texts(texts=[masked(one.text) for one in said], least=service.LEAST_TEXTS)
        try:
            answer = await run_apart(_MODULE, given.model_dump_json().encode(), seconds=_SECONDS, megabytes=_MEGABYTES)
            found = Found.model_validate_json(answer)
        except Failed as failure:
            problem = str(failure)
    async with open_claim(runtime, claim) as work:
        if await finish(work, claim) and await _note(work, claim, problem) and problem is None:
            await service.keep(work, found.groups, said)


async def _note(work: Work, claim: Claim, problem: str | None) -> bool:
    """False if another look has been asked for since."""
    known = await work.session.get(EmergingLook, work.account_id, with_for_update=True)
    if known is None or known.run_id != claim.id:
        return False
    known.state = LookState.READY if problem is None else LookState.FAILED
    known.note, known.looked_at = problem, work.now
    return True


LOOKING: Final = Dispatcher(service.QUEUE, look, at_once=1, per_lane=1)
