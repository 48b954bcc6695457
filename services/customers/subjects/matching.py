"""Whom a shop's privacy request is about."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import text

from services.customers.activities.observed import evidence_of, mark_of
from services.customers.records import sightings
from shared.bus.events import Event
from shared.contracts.hearing import PrivacyMatched, PrivacyRequested
from shared.work import Work

_MOST: Final = 500
# Known by nothing but what the source told: every identity came with it, nothing they did came from elsewhere, and
# nobody has heard from them or written to them in another way.
_ONLY_FROM = text("""
    select customer.id from customers.customers customer
    where customer.account_id = :account_id and customer.deleted_at is null and customer.merged_into_id is null
        and exists (
            select from customers.identities held where held.account_id = :account_id
            and held.customer_id = customer.id and held.evidence = cast(:evidence as text)
        )
        and not exists (
            select from customers.identities held where held.account_id = :account_id
            and held.customer_id = customer.id and held.evidence is distinct from cast(:evidence as text)
        )
        and not exists (
            select from customers.activities done where done.account_id = :account_id
            and done.customer_id = customer.id and right(done.source_id, length(cast(:mark as text))) <> :mark
        )
        and not exists (
            select from customers.timeline entry where entry.account_id = :account_id
            and entry.customer_id = customer.id
            and entry.kind not in ('customer_created', 'segment_entered', 'segment_left')
        )
    order by customer.id
""")


async def match(work: Work, event: Event[PrivacyRequested]) -> None:
    """Nothing is told of somebody who is not known here: there is nothing to show them, and nothing to erase."""
    asked = event.data
    about: Sequence[UUID]
    if asked.request == "erase_shop":
        values = {"account_id": work.account_id, "evidence": evidence_of(asked.source_id)}
        about = (await work.session.scalars(_ONLY_FROM, values | {"mark": mark_of(asked.source_id)})).all()
    else:
        someone = await sightings.look_for(work, asked.customer) if asked.customer is not None else None
        about = [someone.customer.id] if someone is not None else []
    for number, start in enumerate(range(0, len(about), _MOST), 1):
        matched = PrivacyMatched(
            request_id=asked.request_id,
            source=asked.source,
            request="export" if asked.request == "export" else "erase",
            customer_ids=tuple(about[start : start + _MOST]),
        )
        work.emit(matched, subject=asked.request_id, version=number)
