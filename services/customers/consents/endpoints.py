"""`/v1/customers/{id}/consents`: the ledger of what a customer allowed and took back."""

from uuid import UUID

from services.customers.consents import service as consents
from services.customers.consents.models import Consent
from services.customers.consents.schemas import ConsentOut, ConsentStates, NewConsent
from services.customers.records import service as customers
from services.customers.records.auth import CustomersRead, CustomersWrite
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/customers", tags=["customers"])


@router.post("/{customer_id}/consents", status_code=201)
async def state_consent(customer_id: UUID, body: NewConsent, work: CustomersWrite) -> ConsentOut:
    """Write down a yes or a no. Nothing is ever changed or removed: to take it back, add the opposite."""
    await customers.find(work, customer_id)
    return _out(await consents.state(work, customer_id, body))


@router.get("/{customer_id}/consents")
async def list_consents(customer_id: UUID, work: CustomersRead, page: PageQuery) -> Page[ConsentOut]:
    """The whole history, last recorded first."""
    customer = await customers.find(work, customer_id)
    found = await paginate(work.session, consents.history_of(work, customer.id), page, keys=(Consent.id.desc(),))
    return found.map(_out)


@router.get("/{customer_id}/consents/current")
async def read_consents(customer_id: UUID, work: CustomersRead) -> ConsentStates:
    """What may be done today, on every channel, for every purpose that has a default or was ever spoken of."""
    customer = await customers.find(work, customer_id)
    return ConsentStates(data=await consents.states_of(work, customer.id))


def _out(row: Consent) -> ConsentOut:
    fields = {name: getattr(row, name) for name in ConsentOut.model_fields if name != "proof"}
    fields["origin_customer_id"] = row.origin_customer_id or row.customer_id
    return ConsentOut.model_validate({**fields, "proof": {"source": row.source, **row.proof}})
