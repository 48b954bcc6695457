"""Writing down that somebody's attention was taken."""

from collections.abc import Sequence
from typing import Literal

from sqlalchemy import delete, text

from services.survey.encoding import to_json
from services.survey.exposures.models import Exposure
from services.survey.invitations.models import Invitation, InvitationState, Made
from shared.ids import new_id
from shared.work import Work

_INSERT = text("""
    insert into survey.exposures
    select * from json_populate_recordset(null::survey.exposures, cast(:rows as json))
""")


async def take(work: Work, invitations: Sequence[Invitation | Made], kind: Literal["invitation", "reminder"]) -> None:
    """One that waits for the end of quiet hours takes attention when it leaves."""
    rows = [
        {
            "account_id": work.account_id,
            "id": invitation.id if kind == "invitation" else new_id(),
            "customer_id": invitation.customer_id,
            "kind": kind,
            "channel": invitation.channel,
            "survey_id": invitation.survey_id,
            "at": invitation.due_at if invitation.state is InvitationState.WAITING else work.now,
        }
        for invitation in invitations
    ]
    if rows:
        await work.session.execute(_INSERT, {"rows": to_json(rows).decode()})


async def give_back(work: Work, invitations: Sequence[Invitation]) -> None:
    """They were made but never left."""
    ids = [invitation.id for invitation in invitations]
    await work.session.execute(delete(Exposure).where(Exposure.account_id == work.account_id, Exposure.id.in_(ids)))
