"""Which answers somebody else has to see first."""

from services.survey.feedback.models import Feedback
from services.survey.replies.models import ReplyPolicy
from services.survey.replies.schemas import Policy
from shared.http.dependencies import check_match
from shared.work import Work

NEVER_STORED = 0


async def read(work: Work, *, to_change: bool = False) -> tuple[Policy, int]:
    """With its version; `NEVER_STORED` for the defaults."""
    stored = await work.session.get(ReplyPolicy, work.account_id, with_for_update=to_change)
    if stored is None:
        return Policy(), NEVER_STORED
    return Policy(approve_up_to=stored.approve_up_to), stored.version


async def replace(work: Work, wanted: Policy, *, expected: int | None) -> int:
    """Returns the new version. What waits already goes on waiting."""
    _, version = await read(work, to_change=True)
    check_match(expected, version)
    stored = ReplyPolicy(
        account_id=work.account_id,
        version=version + 1,
        approve_up_to=wanted.approve_up_to,
        updated_at=work.now,
    )
    await work.session.merge(stored)
    return version + 1


async def needs_approval(work: Work, feedback: Feedback) -> bool:
    """Stars that say nothing can be anything, so they count as low."""
    limit = (await read(work))[0].approve_up_to
    return limit is not None and (feedback.normalised is None or feedback.normalised <= limit)
