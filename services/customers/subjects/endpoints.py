"""Letting an erased identity be used again."""

from typing import Annotated, Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from services.customers.records.identities import IdentityKind
from services.customers.records.schemas import Email, ExternalId, Phone
from services.customers.subjects import tombstones
from shared.http.dependencies import work_with
from shared.http.routing import APIRouter
from shared.http.schemas import Model
from shared.work import Work

SubjectsWrite = Annotated[Work, work_with("subjects:write")]

router = APIRouter(prefix="/v1/customers/readmissions", tags=["customers"])


class Readmission(Model):
    """Exactly one identity of somebody who was erased."""

    external_id: ExternalId | None = None
    email: Email | None = None
    phone: Phone | None = None

    @model_validator(mode="after")
    def names_one(self) -> Self:
        if sum(getattr(self, kind.value) is not None for kind in IdentityKind) != 1:
            raise PydanticCustomError("readmission", "name one of external_id, email and phone", {"pointer": ""})
        return self


@router.post("", status_code=204)
async def readmit_identity(body: Readmission, work: SubjectsWrite) -> None:
    """Somebody who was erased wants to be a customer again: lift the block on one identity."""
    for kind in IdentityKind:
        value = getattr(body, kind.value)
        if value is not None:
            await tombstones.readmit(work, kind, value)
