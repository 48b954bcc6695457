"""What files that were imported, or are to be, still say of people who are to be forgotten."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select, text

from services.customers.records.models import CustomerIdentity
from shared.work import Work

_SAYS = "exists (select from jsonb_array_elements_text({cells}) cell where lower(btrim(cell)) = any(:values))"
_REJECTIONS = text(
    f"""
    delete from customers.import_rejections
    where account_id = :account_id and {_SAYS.format(cells="cells")}
    """
)
# The line stays, without its cells: it is counted, and rejected when its turn comes.
_PORTIONS = text(
    f"""
    update customers.import_portions portion set lines = (
        select jsonb_agg(
            case when {_SAYS.format(cells="line -> 1")} then jsonb_build_array(line -> 0, '[]'::jsonb) else line end
            order by place
        )
        from jsonb_array_elements(portion.lines) with ordinality as held (line, place)
    )
    where account_id = :account_id and exists (
        select from jsonb_array_elements(portion.lines) line where {_SAYS.format(cells="line -> 1")}
    )
    """
)


async def forget(work: Work, customer_ids: Collection[UUID]) -> None:
    """Lines in which something stands that one of the customers is recognised by, as it stands there."""
    known = await work.session.scalars(
        select(CustomerIdentity.value).where(
            CustomerIdentity.account_id == work.account_id, CustomerIdentity.customer_id.in_(customer_ids)
        )
    )
    values = {"account_id": work.account_id, "values": sorted({value.lower() for value in known})}
    if values["values"]:
        await work.session.execute(_REJECTIONS, values)
        await work.session.execute(_PORTIONS, values)
