"""What changed between two definitions, in words."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from services.survey.definition.document import Definition

# What things of a list are known by, so that a moved or a new one is told apart from a changed one.
_NAMES: Final = ("key", "id")
_LONGEST: Final = 80


class Difference(NamedTuple):
    """`pointer` into the later definition; of what was removed, into the earlier one."""

    change: str
    pointer: str
    detail: str


def differences(before: Definition, after: Definition) -> Sequence[Difference]:
    """In the order of the document; none for two that ask the same in the same words."""
    return list(_compare(before.model_dump(mode="json"), after.model_dump(mode="json"), "", ""))


def _compare(old: Any, new: Any, pointer: str, what: str) -> Iterator[Difference]:
    if old == new:
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _fields(old, new, pointer, what)
    elif _is_named(old) and _is_named(new):
        yield from _named(old, new, pointer, what)
    elif old in (None, [], {}):
        yield Difference("added", pointer, f"{what}: {_shown(new)} was added.")
    elif new in (None, [], {}):
        yield Difference("removed", pointer, f"{what}: {_shown(old)} was removed.")
    else:
        yield Difference("changed", pointer, f"{what}: {_shown(old)} became {_shown(new)}.")


def _fields(old: Mapping[str, Any], new: Mapping[str, Any], pointer: str, what: str) -> Iterator[Difference]:
    for name in dict.fromkeys((*old, *new)):
        place = f"{pointer}/{name}"
        yield from _compare(old.get(name), new.get(name), place, f"{what}, {name}" if what else str(name))


def _named(
    old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]], pointer: str, what: str
) -> Iterator[Difference]:
    before = {_name(each): (index, each) for index, each in enumerate(old)}
    after = {_name(each): (index, each) for index, each in enumerate(new)}
    one = what.rsplit(", ", 1)[-1].removesuffix("s").replace("_", " ")
    within = what.rsplit(", ", 1)[0] + ", " if ", " in what else ""
    for name, (index, _) in before.items():
        if name not in after:
            yield Difference("removed", f"{pointer}/{index}", f"{within}{one} `{name}` was removed.")
    for name, (index, each) in after.items():
        place = f"{pointer}/{index}"
        if name not in before:
            yield Difference("added", place, f"{within}{one} `{name}` was added.")
        else:
            yield from _compare(before[name][1], each, place, f"{within}{one} `{name}`")
    kept, were = [name for name in after if name in before], [name for name in before if name in after]
    if kept != were:
        yield Difference("changed", pointer, f"{what}: the order became {', '.join(kept)}.")


def _is_named(value: Any) -> bool:
    """An empty list could be one as well."""
    return isinstance(value, list) and all(isinstance(each, Mapping) and _name(each) is not None for each in value)


def _name(each: Mapping[str, Any]) -> Any:
    return next((each[name] for name in _NAMES if name in each), None)


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f"“{value[:_LONGEST]}…”" if len(value) > _LONGEST else f"“{value}”"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping | list):
        text = str(value)
        return f"{text[:_LONGEST]}…" if len(text) > _LONGEST else text
    return "nothing" if value is None else str(value)
