"""What can be wrong with naming a customer."""

from collections.abc import Mapping

from services.customers.records.identities import IdentityKind
from shared.http.errors import Conflict, FieldProblem, NotFound


class CustomerNotFound(NotFound):
    """There is no such customer here."""


class IdentityNotFound(NotFound):
    """The customer has no such identity."""

    code = "identity_not_found"


class IdentityConflict(Conflict):
    """What you name the customer by belongs to different customers."""

    code = "identity_conflict"


class ErasedIdentity(Conflict):
    """Somebody with this identity was erased at their own wish.

    If they want to come back, `POST /v1/customers/readmissions` lets it be used again.
    """

    code = "erased_identity"


def erased(kind: IdentityKind) -> ErasedIdentity:
    detail = "It belonged to somebody who was erased; POST /v1/customers/readmissions lets it be used again."
    return ErasedIdentity(errors=(FieldProblem(f"/{kind}", "erased_identity", detail),))


def conflict(reasons: Mapping[IdentityKind, str], hint: str = "") -> IdentityConflict:
    problems = tuple(FieldProblem(f"/{kind}", "identity_conflict", f"{kind} {why}.") for kind, why in reasons.items())
    return IdentityConflict(" ".join([*(problem.detail for problem in problems), hint]).strip(), errors=problems)
