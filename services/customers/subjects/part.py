"""What customers holds of a person, and what becomes of it."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select, text

from services.customers.consents import refusals
from services.customers.db import Base
from services.customers.imports import forgetting as files
from services.customers.records import service as customers
from services.customers.records.models import Customer
from services.customers.subjects import tombstones
from shared.bus.events import Event
from shared.contracts.customers import CustomerDeleted, CustomerErased, CustomersPartDone
from shared.contracts.gateway import SubjectRequestOpened
from shared.contracts.subjects import ErasureMode, RecordCount, SubjectPart
from shared.subjects.exports import exports_in
from shared.subjects.holdings import IDS, Holding
from shared.subjects.parts import Subjects
from shared.work import Work

EXPORTS = exports_in(Base.metadata)

HOLDINGS = (
    Holding(
        "activities",
        "customers.activities",
        pseudonym=(
            "customer_id = :nobody, origin_customer_id = null, properties = '{}', source_id = cast(row.id as text), "
            "order_key = null"
        ),
        hidden=("told_version", "order_key"),
    ),
    Holding("consents", "customers.consents", erasable=False),
    Holding("timeline", "customers.timeline", names="event_id"),
    Holding("scores that segments ask for", "customers.segment_feedback", names=None),
    Holding("lists", "customers.segment_lists", hidden=("origin_customer_id",), names=None),
    # Whoever is deleted leaves their segments, which is told to others and counted there.
    Holding("segments", "customers.segment_members", f"row.customer_id = {IDS}", erasable=False, names=None),
    Holding("identities", "customers.identities", names=None),
    Holding(
        "merges",
        "customers.merges",
        f"(row.customer_id = {IDS} or row.merged_customer_id = {IDS})",
        emptied="taken = '{}', replaced = '{}', reason = null",
        left="(row.taken <> '{}' or row.replaced <> '{}' or row.reason is not null)",
    ),
    Holding("merge suggestions", "customers.merge_suggestions", f"(row.first_id = {IDS} or row.second_id = {IDS})"),
    Holding("customers", "customers.customers", f"row.id = {IDS}", hidden=("name_key",), erasable=False),
)

_WHO = text(
    """
    with recursive person (id) as (
        select customers.present_id(:account_id, :id)
        union
        select alias.id from customers.aliases alias join person on alias.stands_for = person.id
        where alias.account_id = :account_id
    )
    select person.id from person join customers.customers record on record.id = person.id
    where record.account_id = :account_id order by person.id
    """
)
# Whatever a record may lack, it lacks now; that it was merged into another stays.
_NULLED = ", ".join(
    f"{column.name} = null"
    for column in Customer.__table__.columns
    if column.nullable and column.name not in ("deleted_at", "merged_into_id")
)
_EMPTY = text(
    f"""
    update customers.customers set {_NULLED}, attributes = '{{}}', restricted = false, version = version + 1,
        updated_at = :now, deleted_at = :now
    where account_id = :account_id and id = any(cast(:ids as uuid[])) and deleted_at is null
    returning id, version
    """
)


async def take_part(work: Work, event: Event[SubjectRequestOpened]) -> None:
    """First who it is; for a restriction that is all there is to do here."""
    request = event.data
    if "customers" not in request.services:
        return
    if request.stage == "locate":
        ids = (await work.session.scalars(_WHO, {"account_id": work.account_id, "id": request.customer_id})).all()
        part, records = _answer(request, "done"), tuple[RecordCount, ...]()
        if not ids:
            part = _answer(request, "refused", reason="no customer has this id")
        elif request.kind in ("restrict", "unrestrict"):
            records = await _restrict(work, ids, on=request.kind == "restrict")
        part = part.model_copy(update={"records": records})
    else:
        ids, part = request.customer_ids, await SUBJECTS.carry_out(work, request)
        if request.kind == "erase":
            await _tell_of_erasure(work, request)
    versions = select(Customer.version).where(Customer.account_id == work.account_id)
    version = await work.session.scalar(versions.where(Customer.id == request.customer_id))
    done = CustomersPartDone(
        part=part, customer_id=request.customer_id, customer_ids=tuple(ids), customer_version=version
    )
    work.emit(done, subject=request.request_id)


async def empty_records(work: Work, ids: Collection[UUID], mode: ErasureMode) -> list[RecordCount]:
    """Records keep nothing but their id, and their identities cannot come back by an import."""
    values = {"account_id": work.account_id, "ids": list(ids)}
    await files.forget(work, ids)
    await refusals.keep(work, await tombstones.bury(work, ids))
    for customer_id in ids:
        await work.session.execute(text("select customers.erase_consents(:id)"), {"id": customer_id})
    emptied = (await work.session.execute(_EMPTY, values | {"now": work.now})).all()
    for customer_id, version in emptied:
        work.emit(CustomerDeleted(customer_id=customer_id), subject=customer_id, version=version)
    return [RecordCount(kind="customers", treatment="deleted", count=len(emptied))] if emptied else []


async def _restrict(work: Work, ids: Sequence[UUID], *, on: bool) -> tuple[RecordCount, ...]:
    living = select(Customer.id).where(Customer.id.in_(ids), Customer.deleted_at.is_(None))
    found = (await work.session.scalars(living.where(Customer.account_id == work.account_id))).all()
    for customer_id in found:
        await customers.restrict(work, customer_id, on=on)
    treatment = "restricted" if on else "restored"
    count = RecordCount.model_validate({"kind": "customers", "treatment": treatment, "count": len(found)})
    return (count,) if found else ()


async def _tell_of_erasure(work: Work, request: SubjectRequestOpened) -> None:
    erased = CustomerErased(
        customer_id=request.customer_id,
        customer_ids=request.customer_ids,
        request_id=request.request_id,
        mode=request.mode or "delete",
    )
    work.emit(erased, subject=request.customer_id)


def _answer(request: SubjectRequestOpened, outcome: str, *, reason: str | None = None) -> SubjectPart:
    return SubjectPart.model_validate(
        {
            "request_id": request.request_id,
            "stage": request.stage,
            "outcome": outcome,
            "reason": reason,
            "records": (),
            "digest": None,
        }
    )


SUBJECTS = Subjects(service="customers", table=EXPORTS, holdings=HOLDINGS, first=empty_records)
