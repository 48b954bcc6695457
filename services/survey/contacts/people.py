"""The customers that a batch names, as far as they are known here."""

from collections.abc import Mapping, Sequence
from typing import Self

from services.survey.contacts import directory
from services.survey.contacts.models import Contact
from shared.contracts.survey import CustomerReference
from shared.work import Work


class People:
    """Found at once for all who are named."""

    def __init__(self, known: Mapping[tuple[str, object], Contact]) -> None:
        self._known = known

    @classmethod
    async def named_in(cls, work: Work, references: Sequence[CustomerReference | None]) -> Self:
        named = [reference for reference in references if reference is not None]
        known: dict[tuple[str, object], Contact] = {}
        by_id = await directory.named(work, "customer_id", {reference.id for reference in named if reference.id})
        known |= {("id", key): contact for key, contact in by_id.items()}
        for name in directory.IDENTIFIERS:
            values = {value for reference in named if (value := getattr(reference, name))}
            found = await directory.named(work, name, values)
            known |= {(name, key): contact for key, contact in found.items()}
        return cls(known)

    def find(self, reference: CustomerReference | None) -> Contact | None:
        """By the most trusted of the ways in which they are named."""
        if reference is None:
            return None
        for name in ("id", *directory.IDENTIFIERS):
            found = self._known.get((name, getattr(reference, name)))
            if found is not None:
                return found
        return None
