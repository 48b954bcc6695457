"""Identities of erased people: nobody becomes a customer by one, until it is readmitted."""

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from sqlalchemy import delete, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from services.customers.records.identities import Identity, IdentityKind
from services.customers.records.models import CustomerIdentity
from services.customers.subjects.digests import digest_of
from services.customers.subjects.models import Tombstone
from shared.contracts.customers import CustomerReadmitted
from shared.http.errors import NotFound
from shared.ids import new_id
from shared.work import Work


class NotErased(NotFound):
    """Nobody with this identity was erased here."""

    code = "not_erased"


async def bury(work: Work, customer_ids: Collection[UUID]) -> Mapping[Identity, UUID]:
    """All that leads to these customers and nobody else; many people share a name or a device. Says whose each was."""
    found = (
        await work.session.execute(
            select(CustomerIdentity.kind, CustomerIdentity.value, CustomerIdentity.customer_id).where(
                CustomerIdentity.account_id == work.account_id,
                CustomerIdentity.customer_id.in_(customer_ids),
                CustomerIdentity.kind.in_([kind.value for kind in IdentityKind]),
            )
        )
    ).all()
    rows = [
        {"account_id": work.account_id, "kind": kind, "digest": digest_of(work, kind, value), "erased_at": work.now}
        for kind, value, _ in found
    ]
    if rows:
        await work.session.execute(insert(Tombstone).on_conflict_do_nothing(), rows)
    return {(IdentityKind(kind), value): customer_id for kind, value, customer_id in found}


async def among(work: Work, identities: Iterable[Identity]) -> set[Identity]:
    """Those of them that belonged to somebody who was erased."""
    by_digest = {(kind.value, digest_of(work, kind.value, value)): (kind, value) for kind, value in identities}
    if not by_digest:
        return set()
    found = await work.session.execute(
        select(Tombstone.kind, Tombstone.digest).where(
            Tombstone.account_id == work.account_id, tuple_(Tombstone.kind, Tombstone.digest).in_(by_digest)
        )
    )
    return {by_digest[kind, bytes(digest)] for kind, digest in found}


async def readmit(work: Work, kind: IdentityKind, value: str) -> None:
    """Let an identity be used again, as when the person comes back. Raises `NotErased`."""
    gone = await work.session.execute(
        delete(Tombstone)
        .where(
            Tombstone.account_id == work.account_id,
            Tombstone.kind == kind.value,
            Tombstone.digest == digest_of(work, kind.value, value),
        )
        .returning(Tombstone.kind)
    )
    if gone.first() is None:
        raise NotErased
    readmission_id = new_id()
    work.emit(CustomerReadmitted(readmission_id=readmission_id, kind=kind.value), subject=readmission_id)
