"""Writing and reading the consent ledger."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select

from services.customers.consents.models import Consent
from services.customers.consents.schemas import NewConsent
from shared.contracts.consent import ConsentChanged
from shared.http.errors import Unacceptable
from shared.ids import new_id
from shared.work import Work

# A sender's clock may be ahead of ours.
AHEAD = timedelta(minutes=5)


async def state(work: Work, customer_id: UUID, body: NewConsent) -> Consent:
    """Add what was said to the ledger. Raises `Unacceptable` for what is yet to be said."""
    effective_at = body.effective_at or work.now
    if effective_at > work.now + AHEAD:
        raise Unacceptable.field("/effective_at", "in_the_future", "This moment lies in the future.")
    proof = body.proof.model_dump(exclude={"source"}, exclude_none=True)
    row = row_of(
        work, customer_id,
        purpose=body.purpose, channel=body.channel, granted=body.granted, basis=body.basis,
        text_version=body.text_version, source=body.proof.source, proof=proof,
        effective_at=min(effective_at, work.now),
    )  # fmt: skip
    add(work, row)
    return row


def row_of(
    work: Work,
    customer_id: UUID,
    *,
    purpose: str,
    channel: str,
    granted: bool,
    basis: str,
    text_version: str | None,
    source: str,
    proof: dict[str, Any],
    effective_at: datetime,
    origin_customer_id: UUID | None = None,
) -> Consent:
    return Consent(
        id=new_id(),
        account_id=work.account_id,
        customer_id=customer_id,
        origin_customer_id=origin_customer_id,
        purpose=purpose,
        channel=channel,
        granted=granted,
        basis=basis,
        text_version=text_version,
        source=source,
        proof=proof,
        actor=str(work.actor),
        effective_at=effective_at,
        recorded_at=work.now,
    )


def add(work: Work, row: Consent) -> None:
    """Write the row and tell the others."""
    work.session.add(row)
    names = ConsentChanged.model_fields.keys() - {"consent_id"}
    fields: dict[str, Any] = {name: getattr(row, name) for name in names}
    work.emit(ConsentChanged(consent_id=row.id, **fields), subject=row.customer_id)


def history_of(work: Work, customer_id: UUID) -> Select[Consent]:
    return select(Consent).where(Consent.account_id == work.account_id, Consent.customer_id == customer_id)


async def forget(work: Work, customer_id: UUID) -> None:
    """Delete the customer's ledger; only whole ledgers can be deleted, and only by this function of the database."""
    await work.session.execute(select(func.customers.erase_consents(customer_id)))
