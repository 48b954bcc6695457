"""What records have to be checked against and filled in from, whichever way they come in: one read for many of them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from services.customers.attributes import fitting
from services.customers.attributes.service import definitions_of
from services.customers.companies import service as companies
from services.customers.records.models import Customer
from services.customers.records.schemas import CustomerChanges
from shared.work import Work


class Preparation(NamedTuple):
    definitions: fitting.Definitions
    companies: companies.Companies

    def changes(self, body: CustomerChanges, customer: Customer | None) -> dict[str, Any]:
        """What to change of the customer, None for a new one. Raises `Unacceptable` for attributes that do not fit."""
        changes = body.changes()
        fitting.check(self.definitions, body.attributes)
        self.companies.fill(changes)
        if "company" not in changes and (customer is None or customer.company_id is None):
            company = self.companies.of_email(body.email)
            if company is not None:
                changes |= {"company": company.name, "company_id": company.id}
        return changes


async def prepare(work: Work, bodies: Sequence[CustomerChanges]) -> Preparation:
    """Companies that are named for the first time are made."""
    definitions = await definitions_of(work) if any(body.attributes for body in bodies) else {}
    names = {body.company for body in bodies if body.company}
    emails = {body.email for body in bodies if body.email}
    return Preparation(definitions, await companies.named(work, names, emails))
