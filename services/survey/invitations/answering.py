"""Who answered in another way, such as through the API, need not be asked the same any more."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, text

from services.survey.encoding import to_json
from services.survey.exposures.models import Exposure
from shared.work import Work

# An answer that was given before somebody was asked, as imports bring them, answers nothing. Locked in one order.
_ANSWERED = text("""
    with answered as (
        select asked.id, max(said.at) as at
        from json_to_recordset(cast(:answers as json))
            as said(survey_id uuid, customer_id uuid, ticket_id uuid, at timestamptz)
        join survey.invitations asked on asked.account_id = :account_id and asked.survey_id = said.survey_id
            and asked.customer_id = said.customer_id and asked.ticket_id is not distinct from said.ticket_id
        where asked.state in ('waiting', 'open') and asked.created_at <= said.at
        group by asked.id
    ), held as (
        select id from survey.invitations where account_id = :account_id and id in (select id from answered)
        order by id for no key update
    )
    update survey.invitations asked set state = 'answered', answered_at = answered.at
    from answered join held using (id)
    where asked.account_id = :account_id and asked.id = answered.id and asked.state in ('waiting', 'open')
    returning asked.id, asked.sent_at
""")


async def end_open(work: Work, said: Sequence[Mapping[str, Any]]) -> None:
    """`said`: rows of `feedback`. Complete answers of known customers end their open invitations to the survey."""
    answers = [
        {"survey_id": row["survey_id"], "customer_id": row["customer_id"], "ticket_id": row["ticket_id"],
         "at": row["occurred_at"]}
        for row in said
        if row["completed"] and row["told"] and row["customer_id"] is not None
    ]  # fmt: skip
    if not answers:
        return
    names = {"answers": to_json(answers).decode(), "account_id": work.account_id}
    unsent: list[UUID] = [row.id for row in await work.session.execute(_ANSWERED, names) if row.sent_at is None]
    if unsent:
        # Made but never left: they took no attention.
        await work.session.execute(
            delete(Exposure).where(Exposure.account_id == work.account_id, Exposure.id.in_(unsent))
        )
