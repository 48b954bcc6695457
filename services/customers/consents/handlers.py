"""What is said elsewhere and belongs into the ledger; each statement once, by its id."""

from services.customers.consents import service as consents
from services.customers.db import MERGED_CUSTOMERS
from services.customers.records.models import Customer
from shared.bus.events import Actor, Event
from shared.contracts.base import ActorKind
from shared.contracts.consent import ConsentStated, PreferenceStated
from shared.contracts.customers import CustomerMerged
from shared.work import Work


async def write_answer(work: Work, event: Event[ConsentStated]) -> None:
    """A question of the survey's asked for it, and the answer is the proof."""
    said = event.data
    if await _is_gone(work, event):
        return
    await consents.write(
        work, said.statement_id, said.customer_id,
        purpose=said.purpose, channel=said.channel, granted=said.granted, basis="consent",
        text_version=said.text_version, source="survey",
        proof={
            "text": said.text, "survey_id": str(said.survey_id), "response_id": str(said.response_id),
            "question": said.question,
        },
        effective_at=said.stated_at, actor=Actor(ActorKind.HUMAN, str(said.customer_id)),
    )  # fmt: skip


async def write_preference(work: Work, event: Event[PreferenceStated]) -> None:
    """Said on the page that a message leads to, or by the mail program's own button."""
    said = event.data
    if await _is_gone(work, event):
        return
    proof = {"note": said.method} | ({"message_id": str(said.message_id)} if said.message_id else {})
    await consents.write(
        work, said.statement_id, said.customer_id,
        purpose=said.purpose, channel=said.channel, granted=said.granted, basis="consent",
        text_version=said.text_version, source="unsubscribe", proof=proof, effective_at=said.stated_at,
        actor=Actor(ActorKind.HUMAN, str(said.customer_id)),
    )  # fmt: skip


async def keep_withdrawals(work: Work, event: Event[CustomerMerged]) -> None:
    """Nobody is asked again because a record that had said no became part of one that had not."""
    merged = event.data
    moved = await MERGED_CUSTOMERS.former_ids(work, merged.merged_customer_id)
    present = await MERGED_CUSTOMERS.present_ids(work, [merged.merged_customer_id, merged.customer_id])
    kept = present[merged.customer_id]
    if present[merged.merged_customer_id] != kept:
        return  # Unmerged in the meantime.
    rows = (await work.session.scalars(consents.history_of(work, kept))).all()
    await consents.keep_withdrawals(work, rows, moved, at=event.time)


async def _is_gone(work: Work, event: Event[ConsentStated] | Event[PreferenceStated]) -> bool:
    """Deleted or erased customers leave no ledger, and get none by what was still on its way."""
    present = await MERGED_CUSTOMERS.present_ids(work, [event.data.customer_id])
    customer = await work.session.get(Customer, present[event.data.customer_id])
    return customer is None or customer.account_id != work.account_id or customer.deleted_at is not None
