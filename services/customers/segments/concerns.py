"""Which facts a segment depends on, so that an event has only those segments looked at that it may change.

A concern is a word with dots, from the general to the special: `activity`, `activity.purchase`,
`activity.custom.downloaded`, `feedback.nps`, `consent.marketing`. What customers are themselves concerns every segment,
because it says who can belong to any.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import TypeVar

from services.customers.segments import conditions as c

T = TypeVar("T")

ALL_ACTIVITIES = "activity.*"
ALL_FEEDBACK = "feedback.*"


def concerns_of(condition: c.AnyCondition) -> list[str]:
    """What the condition depends on, besides the customers' own records and other segments."""
    return sorted({concern for _, leaf in c.leaves(condition) for concern in _concern(leaf)})


def _concern(leaf: c.Leaf) -> Iterator[str]:
    match leaf:
        case c.OfActivity():
            yield ".".join(("activity", *(part for part in (leaf.kind, leaf.name) if part)))
        case c.OfFeedback():
            yield ".".join(("feedback", *(part for part in (leaf.scheme,) if part)))
        case c.OfConsent():
            yield f"consent.{leaf.purpose}"


def with_general(*parts: str | None) -> Iterator[str]:
    """`activity`, `purchase` → `activity`, `activity.purchase`: all concerns that such a fact touches."""
    said: list[str] = []
    for part in parts:
        if part:
            said.append(part)
            yield ".".join(said)


def touches(fact: str, concerns: Collection[str]) -> bool:
    """`fact` is a concern, or ends with `.*` for all below it and itself."""
    if not fact.endswith(".*"):
        return fact in concerns
    general = fact.removesuffix(".*")
    return any(concern == general or concern.startswith(f"{general}.") for concern in concerns)


def in_order(items: Mapping[T, Collection[T]]) -> list[T]:
    """Each after all that it names; what names nothing first. Names that are no items are passed over."""
    ordered: dict[T, None] = {}

    def add(item: T) -> None:
        if item in items and item not in ordered:
            for named in items[item]:
                add(named)
            ordered[item] = None

    for item in items:
        add(item)
    return list(ordered)


def cycle_through(start: T, items: Mapping[T, Collection[T]]) -> list[T] | None:
    """The way from `start` back to itself, both ends included, or None if there is none."""
    seen: set[T] = set()

    def search(item: T, way: list[T]) -> list[T] | None:
        for named in items.get(item, ()):
            if named == start:
                return [*way, named]
            if named not in seen:
                seen.add(named)
                found = search(named, [*way, named])
                if found is not None:
                    return found
        return None

    return search(start, [start])
