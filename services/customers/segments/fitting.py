"""Whether a condition fits what the account has: its attributes, as they are defined, and its segments."""

from collections.abc import Collection, Iterator
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select

from services.customers.attributes.fitting import Definitions, misfit
from services.customers.attributes.models import AttributeDefinition
from services.customers.attributes.schemas import AttributeKind
from services.customers.attributes.service import definitions_of
from services.customers.records.models import Customer
from services.customers.segments.comparing import NO_KINDS, Kinds
from services.customers.segments.conditions import AnyCondition, OfAttribute, OfSegment, leaves
from shared.http.errors import FieldProblem
from shared.work import Work

_MOST_NAMED = 10
_SAME = ("eq", "one_of", "known", "unknown")
_ORDERED = ("eq", "one_of", "lt", "lte", "gt", "gte", "known", "unknown")
_OPS: Final[dict[AttributeKind, tuple[str, ...]]] = {
    AttributeKind.TEXT: (*_ORDERED, "begins_with", "contains"),
    AttributeKind.NUMBER: _ORDERED,
    AttributeKind.BOOLEAN: _SAME,
    AttributeKind.DATE: _ORDERED,
    AttributeKind.TIME: _ORDERED,
    AttributeKind.CHOICE: _SAME,
}


async def kinds_of(work: Work, condition: AnyCondition) -> Kinds:
    """The kinds of the attributes that the condition asks for, as far as they are defined."""
    names = {leaf.name for _, leaf in leaves(condition) if isinstance(leaf, OfAttribute)}
    if not names:
        return NO_KINDS
    mine = (AttributeDefinition.account_id == work.account_id, AttributeDefinition.name.in_(names))
    found = await work.session.execute(select(AttributeDefinition.name, AttributeDefinition.kind).where(*mine))
    return {name: AttributeKind(kind) for name, kind in found}


async def problems_of(work: Work, condition: AnyCondition, segment_ids: Collection[UUID]) -> list[FieldProblem]:
    """Every place that asks for an attribute or a segment in a way that could only be a mistake, in their order.

    An attribute that nobody defined can hold anything; its name is a mistake if others are defined and no customer has
    one of this name.
    """
    asked = list(leaves(condition, "/condition"))
    names = {leaf.name for _, leaf in asked if isinstance(leaf, OfAttribute)}
    definitions = await definitions_of(work) if names else {}
    unknown = await _unused(work, names - definitions.keys()) if definitions else set()
    problems: list[FieldProblem] = []
    for place, leaf in asked:
        if isinstance(leaf, OfSegment) and leaf.segment_id not in segment_ids:
            problems.append(FieldProblem(f"{place}/segment_id", "unknown_segment", "There is no such segment here."))
        elif isinstance(leaf, OfAttribute) and leaf.name in unknown:
            problems.append(FieldProblem(f"{place}/name", "unknown_attribute", _not_here(leaf.name, definitions)))
        elif isinstance(leaf, OfAttribute) and leaf.name in definitions:
            problems += _misfits(place, leaf, definitions[leaf.name])
    return problems


def _misfits(place: str, leaf: OfAttribute, definition: AttributeDefinition) -> Iterator[FieldProblem]:
    """Of an operator that does not suit the kind, or else of each value that is not of it."""
    what = f"{leaf.name} is defined as {definition.kind}:"
    ops = _OPS[AttributeKind(definition.kind)]
    if leaf.op not in ops:
        yield FieldProblem(f"{place}/op", "attribute_op", f"{what} the operator has to be one of: {', '.join(ops)}.")
        return
    values = leaf.value if isinstance(leaf.value, list) else [leaf.value]
    for index, value in enumerate(values):
        wrong = misfit(definition, value) if value is not None else None
        if wrong is not None:
            below = f"/{index}" if leaf.op == "one_of" else ""
            yield FieldProblem(f"{place}/value{below}", "attribute", f"{what} the value {wrong}")


def _not_here(name: str, definitions: Definitions) -> str:
    known = sorted(definitions)
    named = ", ".join(known[:_MOST_NAMED]) + (", …" if len(known) > _MOST_NAMED else "")
    return f"No customer has an attribute {name}, and it is not defined; these are: {named}."


async def _unused(work: Work, names: Collection[str]) -> set[str]:
    """Those that no customer has."""
    unused = set()
    for name in names:
        mine = (Customer.account_id == work.account_id, Customer.deleted_at.is_(None))
        anybody: Any = select(Customer.id).where(*mine, func.jsonb_exists(Customer.attributes, name)).limit(1)
        if await work.session.scalar(anybody) is None:
            unused.add(name)
    return unused
