"""Companies in requests and answers."""

import re
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from shared.http.schemas import Model, Name

# Host names (RFC 1123) with at least one dot, in lower case; others' alphabets in their ASCII form (RFC 5890).
_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")


def _domain(value: str) -> str:
    try:
        value = value.strip().rstrip(".").lower().encode("idna").decode()
    except UnicodeError:
        value = ""
    if not _DOMAIN.fullmatch(value):
        raise ValueError("is no domain such as example.com")
    return value


Domain = Annotated[str, Field(max_length=253, examples=["example.com"]), AfterValidator(_domain)]


class NewCompany(Model):
    name: Name
    domain: Domain | None = Field(None, description="Who has an e-mail there belongs to it, unless told otherwise.")


class CompanyChanges(Model):
    """What is left out stays as it is; a null domain is removed."""

    name: Name | None = None
    domain: Domain | None = None


class CompanyOut(Model):
    id: UUID
    name: str
    domain: str | None
    version: int
    created_at: datetime
    updated_at: datetime
