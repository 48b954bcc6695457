"""Static segments: customers whom somebody put on a list, by hand."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, insert, select

from services.customers.db import MERGED_CUSTOMERS
from services.customers.records.models import Customer
from services.customers.segments.membership import lock, look_at, segments_of
from services.customers.segments.models import ListedCustomer, Segment
from services.customers.segments.service import SegmentNotFound
from shared.http.errors import Conflict, FieldProblem, NotFound, Unacceptable
from shared.ids import new_id
from shared.work import Work


class NotListed(NotFound):
    """The customer is not on this segment's list."""

    code = "not_listed"


class MembersFollow(Conflict):
    """This segment is dynamic: who belongs follows from its condition. Change that instead."""

    code = "dynamic_segment"


async def add(work: Work, segment_id: UUID, customer_ids: Sequence[UUID]) -> Segment:
    """Those who are listed already stay so. Raises `SegmentNotFound`, `MembersFollow`, or `Unacceptable` with every
    place that names nobody."""
    segments, segment = await _static(work, segment_id)
    present = await _known(work, customer_ids)
    listed = set(
        await work.session.scalars(
            select(ListedCustomer.customer_id).where(
                ListedCustomer.account_id == work.account_id, ListedCustomer.segment_id == segment_id
            )
        )
    )
    fresh = sorted(set(present) - listed)
    if fresh:
        common = {"account_id": work.account_id, "segment_id": segment_id, "listed_at": work.now}
        rows = [{"id": new_id(), "customer_id": customer_id, **common} for customer_id in fresh]
        await work.session.execute(insert(ListedCustomer), rows)
        await look_at(work, segments, {segment_id: fresh})
    return segment


async def take_off(work: Work, segment_id: UUID, customer_id: UUID) -> None:
    """Raises `SegmentNotFound`, `MembersFollow` or `NotListed`."""
    segments, _ = await _static(work, segment_id)
    present = (await MERGED_CUSTOMERS.present_ids(work, [customer_id]))[customer_id]
    gone = await work.session.scalars(
        delete(ListedCustomer)
        .where(
            ListedCustomer.account_id == work.account_id,
            ListedCustomer.segment_id == segment_id,
            ListedCustomer.customer_id == present,
        )
        .returning(ListedCustomer.customer_id)
    )
    if not gone.all():
        raise NotListed
    await look_at(work, segments, {segment_id: [present]})


async def _static(work: Work, segment_id: UUID) -> tuple[list[Segment], Segment]:
    await lock(work)
    segments = await segments_of(work)
    segment = next((one for one in segments if one.id == segment_id), None)
    if segment is None:
        raise SegmentNotFound
    if segment.kind != "static":
        raise MembersFollow
    return segments, segment


async def _known(work: Work, customer_ids: Sequence[UUID]) -> list[UUID]:
    """Who they are now."""
    present = await MERGED_CUSTOMERS.present_ids(work, customer_ids)
    mine = (Customer.account_id == work.account_id, Customer.deleted_at.is_(None))
    among = Customer.id.in_(set(present.values()))
    known = set(await work.session.scalars(select(Customer.id).where(*mine, among)))
    problems = tuple(
        FieldProblem(f"/customer_ids/{index}", "unknown_customer", "There is no such customer here.")
        for index, customer_id in enumerate(customer_ids)
        if present[customer_id] not in known
    )
    if problems:
        raise Unacceptable("Some of these customers are not here.", errors=problems)
    return list(present.values())
