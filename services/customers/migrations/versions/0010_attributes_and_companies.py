"""Accounts say of which kind attributes are, and companies are records of their own."""

from alembic import op

from shared.db.rls import enable_row_security

revision = "0010"
down_revision = "0009"

STATEMENTS = """
create table customers.attribute_definitions (
    id uuid not null,
    account_id uuid not null,
    name text not null,
    kind text not null,
    label text not null,
    description text,
    choices jsonb not null,
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint pk_attribute_definitions primary key (id)
);
create unique index uq_attribute_definitions_account_id_name on customers.attribute_definitions (account_id, name);

create table customers.companies (
    id uuid not null,
    account_id uuid not null,
    name text not null,
    name_key text collate "C" not null,
    domain text collate "C",
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint pk_companies primary key (id)
);
create unique index uq_companies_account_id_name_key on customers.companies (account_id, name_key);
create unique index uq_companies_account_id_domain on customers.companies (account_id, domain)
    where domain is not null;
create index ix_customers_account_id_company_id on customers.customers (account_id, company_id, id)
    where company_id is not null;

insert into customers.companies (id, account_id, name, name_key, version, created_at, updated_at)
select gen_random_uuid(), account_id, min(company), lower(company), 1, min(created_at), min(created_at)
from customers.customers where company is not null group by account_id, lower(company);
update customers.customers customer set company_id = company.id from customers.companies company
where company.account_id = customer.account_id and company.name_key = lower(customer.company)
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
    enable_row_security(op, "customers", "attribute_definitions", "companies")
