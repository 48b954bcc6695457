"""Companies in requests and answers."""

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from shared.http.schemas import Model, Name

# Host names (RFC 1123) with at least one dot, in lower case; others' alphabets in their ASCII form (RFC 5890).
_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")

# Where anybody can have a mailbox: the well-known ones, one a line.
_PUBLIC_MAIL = frozenset((Path(__file__).parent / "public_mail_domains.txt").read_text().split())


def _domain(value: str) -> str:
    try:
        value = value.strip().rstrip(".").lower().encode("idna").decode()
    except UnicodeError:
        value = ""
    if not _DOMAIN.fullmatch(value):
        raise ValueError("is no domain such as example.com")
    return value


Domain = Annotated[str, Field(max_length=253, examples=["example.com"]), AfterValidator(_domain)]


def _of_one_company(value: str) -> str:
    if value in _PUBLIC_MAIL:
        raise ValueError("is of a mail provider, whose customers work anywhere; name the company's own domain")
    return value


OwnDomain = Annotated[Domain, AfterValidator(_of_one_company)]


class NewCompany(Model):
    name: Name
    domain: OwnDomain | None = Field(None, description="Who has an e-mail there belongs to it, unless told otherwise.")


class CompanyChanges(Model):
    """What is left out stays as it is; a null domain is removed."""

    name: Name | None = None
    domain: OwnDomain | None = None


class CompanyOut(Model):
    id: UUID
    name: str
    domain: str | None
    version: int
    created_at: datetime
    updated_at: datetime
