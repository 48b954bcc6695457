"""Who it was that a source saw: by what is strong, else by an order of theirs, else by what a platform calls them."""

from typing import Final
from uuid import UUID

from sqlalchemy import func, insert, select

from services.customers.activities import orders
from services.customers.db import MERGED_CUSTOMERS
from services.customers.merges import suggestions
from services.customers.records import service as customers
from services.customers.records.holdings import among
from services.customers.records.identities import Identities, IdentityKind, WeakKind, normal_sign, usable
from services.customers.records.models import Customer, CustomerIdentity
from services.customers.records.naming import Recognised
from shared.contracts.survey import CustomerReference
from shared.http.schemas import one_line
from shared.ids import new_id
from shared.work import Work

_LONGEST_NAME: Final = 200


async def recognise(
    work: Work, named: CustomerReference, *, source: str, evidence: str, orders_of: str | None = None
) -> Recognised | None:
    """Somebody new becomes known by what is strong, never by an order or a handle alone.

    Whom an order or a handle leads to keeps the identities they have: others may order for them. The handle is learnt.
    `orders_of` is as `of_source` of `buyer_of`.
    """
    stated = _stated(named)
    found = await _weakly(work, named, orders_of) if not named.id and not await _owner(work, stated) else None
    if found is None:
        name = one_line(named.name or "")[:_LONGEST_NAME] or None
        found = await customers.identify(work, named.id, stated, name, source=source, evidence=evidence)
    if found is not None and named.handle is not None:
        await _learn_handle(work, found, named.handle, source=source, evidence=evidence)
    return found


async def look_for(work: Work, named: CustomerReference) -> Recognised | None:
    """`recognise` that changes nothing: for what anybody may have claimed, and for whom nothing shall become known."""
    known_id = named.id or await _owner(work, _stated(named))
    return await _present(work, known_id) if known_id is not None else await _weakly(work, named, None)


def by_one_address(named: CustomerReference) -> CustomerReference:
    """By nothing but where they can be written to."""
    phone = None if named.email else named.phone
    return CustomerReference(name=named.name, email=named.email, phone=phone)


def _stated(named: CustomerReference) -> dict[IdentityKind, str]:
    return usable({kind: getattr(named, kind.value) for kind in IdentityKind})


async def _owner(work: Work, stated: Identities) -> UUID | None:
    """The record that has the strongest of the identities that anybody has."""
    if not stated:
        return None
    named_id = func.coalesce(CustomerIdentity.origin_customer_id, CustomerIdentity.customer_id)
    rows = await work.session.execute(select(CustomerIdentity.kind, named_id).where(among(work, set(stated.items()))))
    owners = {IdentityKind(kind): owner for kind, owner in rows}
    return next((owners[kind] for kind in IdentityKind if kind in owners), None)


async def _weakly(work: Work, named: CustomerReference, orders_of: str | None) -> Recognised | None:
    found: UUID | None = None
    if named.order is not None:
        found = await orders.buyer_of(work, named.order, of_source=orders_of)
    if found is None and named.handle is not None:
        found = await _known_as(work, named.handle)
    return await _present(work, found) if found is not None else None


async def _known_as(work: Work, handle: str) -> UUID | None:
    """The record that has the handle; None if nobody has it, or several have."""
    sign = _sign(handle)
    if sign is None:
        return None
    named_id = func.coalesce(CustomerIdentity.origin_customer_id, CustomerIdentity.customer_id)
    having = select(CustomerIdentity.customer_id, named_id).where(
        CustomerIdentity.account_id == work.account_id,
        CustomerIdentity.kind == WeakKind.HANDLE.value,
        CustomerIdentity.value == sign,
    )
    found = (await work.session.execute(having.limit(100))).all()
    return found[0][1] if len({customer_id for customer_id, _ in found}) == 1 else None


async def _present(work: Work, named_id: UUID) -> Recognised | None:
    present = (await MERGED_CUSTOMERS.present_ids(work, [named_id]))[named_id]
    mine = (Customer.account_id == work.account_id, Customer.id == present, Customer.is_present())
    customer: Customer | None = await work.session.scalar(select(Customer).where(*mine))
    return Recognised(customer, named_id) if customer is not None else None


async def _learn_handle(work: Work, found: Recognised, handle: str, *, source: str, evidence: str) -> None:
    sign = _sign(handle)
    if sign is None:
        return
    table = CustomerIdentity
    known = select(table.id).where(
        table.account_id == work.account_id,
        table.customer_id == found.customer.id,
        table.kind == WeakKind.HANDLE.value,
        table.value == sign,
    )
    if await work.session.scalar(known.limit(1)) is not None:
        return
    values = {
        "id": new_id(),
        "account_id": work.account_id,
        "kind": WeakKind.HANDLE.value,
        "value": sign,
        "customer_id": found.named_id,
        "verified": False,
        "source": source,
        "evidence": evidence,
        "created_at": work.now,
        "last_seen_at": work.now,
    }
    await work.session.execute(insert(table).values(values))
    await suggestions.look_for(work, found.customer.id)


def _sign(handle: str) -> str | None:
    try:
        return normal_sign(handle)
    except ValueError:
        return None
