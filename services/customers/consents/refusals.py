"""What somebody refused outlives their record: it stays with their identities, and comes back with them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import LargeBinary, Row, Text, cast, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY, insert

from services.customers.consents import service as consents
from services.customers.consents.models import Consent, Refusal
from services.customers.records.identities import Identity
from services.customers.subjects.digests import digest_of
from shared.contracts.consent import Statement, decide
from shared.ids import new_id
from shared.work import Work

_NOTE: Final = "Refused before this identity came to the record."
_FIELDS: Final = ("purpose", "channel", "basis", "effective_at")


async def keep(work: Work, left: Mapping[Identity, UUID]) -> None:
    """These identities lead no more to these customers; what the customers refuse today stays with them."""
    ledgers = await _ledgers(work, set(left.values()))
    rows = [
        {
            "account_id": work.account_id,
            "kind": kind.value,
            "digest": digest_of(work, kind.value, value),
            **{name: getattr(refused, name) for name in _FIELDS},
        }
        for (kind, value), customer_id in left.items()
        for refused in _refused(ledgers.get(customer_id, []))
    ]
    if rows:
        await work.session.execute(insert(Refusal).on_conflict_do_nothing(), rows)


async def keep_unknown(
    work: Work, identities: Iterable[Identity], purposes: Iterable[str], channel: str, *, at: datetime
) -> None:
    """Of somebody whom these identities may come to lead to."""
    rows = [
        {
            "account_id": work.account_id,
            "kind": kind.value,
            "digest": digest_of(work, kind.value, value),
            "purpose": purpose,
            "channel": channel,
            "basis": "consent",
            "effective_at": at,
        }
        for kind, value in identities
        for purpose in purposes
    ]
    if rows:
        await work.session.execute(insert(Refusal).on_conflict_do_nothing(), rows)


async def restore(work: Work, taken: Mapping[Identity, UUID]) -> None:
    """These identities lead to these customers now: into their ledgers goes what was refused under them.

    As of when it was said, so that a yes which they have given since holds.
    """
    found = await _taken_out(work, taken)
    if not found:
        return
    ledgers = await _ledgers(work, {customer_id for customer_id, _ in found})
    for customer_id, refused in found:
        known = ledgers.setdefault(customer_id, [])
        about = (refused.purpose, refused.channel)
        if any((s.purpose, s.channel) == about and s.effective_at >= refused.effective_at for s in known):
            continue
        row = await consents.write(
            work, new_id(), customer_id,
            purpose=refused.purpose, channel=refused.channel, granted=False, basis=refused.basis, text_version=None,
            source="suppression", proof={"note": _NOTE}, effective_at=refused.effective_at,
        )  # fmt: skip
        assert row is not None
        known.append(consents.as_statement(row))


async def _taken_out(work: Work, taken: Mapping[Identity, UUID]) -> list[tuple[UUID, Row[Any]]]:
    if not taken:
        return []
    holders = {(kind.value, digest_of(work, kind.value, value)): holder for (kind, value), holder in taken.items()}
    kinds, digests = [kind for kind, _ in holders], [digest for _, digest in holders]
    pairs = func.unnest(cast(kinds, ARRAY(Text)), cast(digests, ARRAY(LargeBinary))).table_valued("kind", "digest")
    pairs = pairs.render_derived()
    gone = (
        delete(Refusal)
        .where(
            Refusal.account_id == work.account_id,
            tuple_(Refusal.kind, Refusal.digest).in_(select(pairs.c.kind, pairs.c.digest)),
        )
        .returning(Refusal.kind, Refusal.digest, *(getattr(Refusal, name) for name in _FIELDS))
    )
    return [(holders[row.kind, bytes(row.digest)], row) for row in await work.session.execute(gone)]


async def _ledgers(work: Work, customer_ids: Collection[UUID]) -> dict[UUID, list[Statement]]:
    if not customer_ids:
        return {}
    mine = select(Consent).where(Consent.account_id == work.account_id, Consent.customer_id.in_(customer_ids))
    ledgers: dict[UUID, list[Statement]] = {}
    for row in await work.session.scalars(mine):
        ledgers.setdefault(row.customer_id, []).append(consents.as_statement(row))
    return ledgers


def _refused(ledger: Sequence[Statement]) -> set[Statement]:
    """The statements by which it is so, on whatever channel."""
    decisions = [
        decide(purpose, channel, ledger) for purpose in {s.purpose for s in ledger} for channel in consents.CHANNELS
    ]
    return {decision.deciding for decision in decisions if decision.deciding is not None and not decision.allowed}
