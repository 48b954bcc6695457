"""Which events an endpoint wants: by type, and by a condition."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.notifier.log.repository import Entry, TypeFilter
from services.notifier.rules import conditions
from services.notifier.rules.matching import occurrence_of
from shared.contracts.registry import registry
from shared.expressions.conditions import holds
from shared.http.errors import Unacceptable


@dataclass(frozen=True, slots=True)
class Wanted:
    """`condition` is CEL and sees what conditions of rules see. An empty one holds always."""

    types: TypeFilter
    condition: str

    def takes(self, entry: Entry) -> bool:
        """In doubt yes: an event about which the condition could not be judged must not be lost silently."""
        if not self.types.takes(entry.type):
            return False
        if not self.condition:
            return True
        does, problem = holds(self.condition, occurrence_of(entry.body).activation)
        return does or problem is not None


def check_types(patterns: Sequence[str]) -> None:
    """A pattern that nothing can match would be an endpoint that waits in vain."""
    for position, pattern in enumerate(patterns):
        if not any(TypeFilter((pattern,)).takes(event_type) for event_type in registry()):
            detail = f"No event is called `{pattern}`. All events: {', '.join(sorted(registry()))}."
            raise Unacceptable.field(f"/types/{position}", "unknown_event_type", detail)


def check_condition(condition: str, patterns: Sequence[str]) -> None:
    """It must make sense of each event that the types let through."""
    types = TypeFilter(tuple(patterns))
    for event_type in sorted(filter(types.takes, registry()) if condition else ()):
        try:
            conditions.check(condition, event_type)
        except Unacceptable as problem:
            [first] = problem.errors
            detail = f"For {event_type}: {first.detail} Choose `types` for which the condition makes sense."
            raise Unacceptable.field("/condition", first.code, detail) from None
