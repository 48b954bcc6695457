"""Companies: found by name or by the domain of an e-mail, and kept in step with the records of their customers."""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from services.customers.companies.models import Company
from services.customers.companies.schemas import CompanyChanges, NewCompany
from services.customers.records.directory import Directory
from services.customers.records.models import Customer
from services.customers.records.profiles import name_key
from shared.bus.subscriptions import Timer
from shared.http.dependencies import check_match
from shared.http.errors import Conflict, FieldProblem, NotFound
from shared.ids import new_id
from shared.work import Work

SPREAD = "companies.spread"
GATHER = "companies.gather"
PORTION = 500


class CompanyNotFound(NotFound):
    """There is no such company here."""

    code = "company_not_found"


class CompanyExists(Conflict):
    """A company with this name or domain is there already."""

    code = "company_exists"


class Companies:
    """Those that some records name, by name and by domain."""

    def __init__(self, rows: Iterable[Company]) -> None:
        rows = list(rows)
        self._by_name = {row.name_key: row for row in rows}
        self._by_domain = {row.domain: row for row in rows if row.domain}

    def fill(self, changes: dict[str, Any]) -> None:
        """Say in the changes which company the one that is named is; without a name the e-mail's domain may tell."""
        if changes.get("company"):
            company = self._by_name[key_of(changes["company"])]
            changes["company"], changes["company_id"] = company.name, company.id
        elif "company" in changes:
            changes["company_id"] = None

    def of_email(self, email: str | None) -> Company | None:
        return self._by_domain.get(_domain_of(email)) if email else None


async def named(work: Work, names: Collection[str], emails: Collection[str]) -> Companies:
    """The companies of these names, made if new, and those of the e-mails' domains."""
    keys = {key_of(name): name for name in sorted(names, reverse=True)}
    domains = {_domain_of(email) for email in emails}
    if not keys and not domains:
        return Companies(())
    statement = select(Company).where(
        Company.account_id == work.account_id, or_(Company.name_key.in_(keys), Company.domain.in_(domains))
    )
    # Whoever renames or removes one waits, so that the records that come now are told too.
    statement = statement.with_for_update(read=True, key_share=True)
    found = list(await work.session.scalars(statement))
    missing = sorted(keys.keys() - {row.name_key for row in found})
    if missing:
        # In one order everywhere. Somebody else's, made at the same moment, is waited for and then seen.
        rows = [_row(work, keys[key], None) for key in missing]
        await work.session.execute(insert(Company).values(rows).on_conflict_do_nothing())
        found = list(await work.session.scalars(statement))
    return Companies(found)


async def add(work: Work, body: NewCompany) -> Company:
    """Who has an e-mail at its domain belongs to it soon. Raises `CompanyExists`."""
    made = insert(Company).values(_row(work, body.name, body.domain)).on_conflict_do_nothing().returning(Company)
    company: Company | None = await work.session.scalar(made)
    if company is None:
        raise _exists("/name" if await _taken(work, key_of(body.name)) else "/domain")
    await _gather(work, company)
    return company


async def change(work: Work, company_id: UUID, body: CompanyChanges, expected: int | None) -> Company:
    """Its customers follow a new name or domain soon. Raises `CompanyNotFound`, `StaleVersion` or `CompanyExists`."""
    company = await find(work, company_id, for_update=True)
    check_match(expected, company.version)
    if body.name is not None and body.name != company.name:
        if key_of(body.name) != company.name_key and await _taken(work, key_of(body.name)):
            raise _exists("/name")
        company.name, company.name_key = body.name, key_of(body.name)
        await _spread(work, company_id)
    if "domain" in body.model_fields_set and body.domain != company.domain:
        if body.domain is not None and await _whose(work, body.domain) is not None:
            raise _exists("/domain")
        company.domain = body.domain
        await _gather(work, company)
    company.version += 1
    company.updated_at = work.now
    await work.session.flush()
    return company


async def remove(work: Work, company_id: UUID, expected: int | None) -> None:
    """Its customers' records forget it soon. Raises `CompanyNotFound` or `StaleVersion`."""
    company = await find(work, company_id, for_update=True)
    check_match(expected, company.version)
    await work.session.delete(company)
    await _spread(work, company_id)


async def find(work: Work, company_id: UUID, *, for_update: bool = False) -> Company:
    """Raises `CompanyNotFound`."""
    mine = select(Company).where(Company.account_id == work.account_id, Company.id == company_id)
    found: Company | None = await work.session.scalar(mine.with_for_update() if for_update else mine)
    if found is None:
        raise CompanyNotFound
    return found


def companies(work: Work, *, domain: str | None, search: str | None) -> Select[Company]:
    statement = select(Company).where(Company.account_id == work.account_id)
    if domain is not None:
        statement = statement.where(Company.domain == domain)
    if search:
        start = key_of(search)
        # Nothing that begins with a prefix sorts after the prefix followed by the last code point there is.
        statement = statement.where(Company.name_key >= start, Company.name_key < f"{start}\U0010ffff")
    return statement


async def spread(work: Work, timer: Timer) -> None:
    """Timer: bring some more customers' records in step with a company that was renamed or removed."""
    company_id = UUID(timer.payload["company_id"])
    ids = await _portion(work, timer, Customer.company_id == company_id)
    company = await work.session.get(Company, company_id)
    told: dict[str, Any] = {"company": company.name} if company else {"company": None, "company_id": None}
    directory = await Directory.open(work, customer_ids=ids)
    for customer_id in ids:
        customer = directory.get(customer_id)
        if customer is not None and customer.company_id == company_id:
            directory.change(customer, told)
    await directory.save()
    if len(ids) == PORTION:
        await _spread(work, company_id, after=ids[-1])


async def gather(work: Work, timer: Timer) -> None:
    """Timer: some more customers who belong to no company and have an e-mail at this one's domain belong to it."""
    mine = select(Company).where(Company.account_id == work.account_id, Company.id == UUID(timer.payload["company_id"]))
    company: Company | None = await work.session.scalar(mine.with_for_update(read=True, key_share=True))
    if company is None or company.domain is None:
        return
    there = func.split_part(Customer.email, "@", 2).in_(_spellings(company.domain))
    ids = await _portion(work, timer, Customer.company_id.is_(None), Customer.company.is_(None), there)
    directory = await Directory.open(work, customer_ids=ids)
    for customer_id in ids:
        customer = directory.get(customer_id)
        if customer is not None and customer.company_id is None:
            directory.change(customer, {"company": company.name, "company_id": company.id})
    await directory.save()
    if len(ids) == PORTION:
        await _gather(work, company, after=ids[-1])


def key_of(name: str) -> str:
    return " ".join(str(name_key(name)).split())


async def _spread(work: Work, company_id: UUID, *, after: UUID | None = None) -> None:
    payload = {"company_id": str(company_id), "after": str(after) if after else None}
    await work.schedule(SPREAD, key=str(company_id), due_at=work.now, payload=payload)


async def _gather(work: Work, company: Company, *, after: UUID | None = None) -> None:
    if company.domain is not None:
        payload = {"company_id": str(company.id), "after": str(after) if after else None}
        await work.schedule(GATHER, key=str(company.id), due_at=work.now, payload=payload)


async def _portion(work: Work, timer: Timer, *conditions: ColumnElement[bool]) -> list[UUID]:
    """The next customers whom the timer is about."""
    mine = select(Customer.id).where(Customer.account_id == work.account_id, Customer.is_present(), *conditions)
    if timer.payload["after"]:
        mine = mine.where(Customer.id > UUID(timer.payload["after"]))
    return list(await work.session.scalars(mine.order_by(Customer.id).limit(PORTION)))


async def _taken(work: Work, key: str) -> bool:
    mine = (Company.account_id == work.account_id, Company.name_key == key)
    return await work.session.scalar(select(Company.id).where(*mine)) is not None


async def _whose(work: Work, domain: str) -> UUID | None:
    mine = (Company.account_id == work.account_id, Company.domain == domain)
    found: UUID | None = await work.session.scalar(select(Company.id).where(*mine))
    return found


def _exists(pointer: str) -> CompanyExists:
    detail = f"Another company has this {pointer.removeprefix('/')}."
    return CompanyExists(detail, errors=(FieldProblem(pointer, "company_exists", detail),))


def _row(work: Work, name: str, domain: str | None) -> dict[str, Any]:
    return {
        "id": new_id(),
        "account_id": work.account_id,
        "name": name,
        "name_key": key_of(name),
        "domain": domain,
        "version": 1,
        "created_at": work.now,
        "updated_at": work.now,
    }


def _domain_of(email: str) -> str:
    domain = email.rpartition("@")[2]
    try:
        return domain.encode("idna").decode().lower()
    except UnicodeError:
        return domain


def _spellings(domain: str) -> set[str]:
    """As e-mails are stored, which is in the domain's own alphabet, and in ASCII (RFC 5890)."""
    try:
        return {domain, domain.encode().decode("idna").lower()}
    except UnicodeError:
        return {domain}
