"""Exports of tools that are known by their header: which column is what."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from services.survey.hearing.canonical import RatingKind


def plain(name: str) -> str:
    """Names of columns are compared without blanks, signs and case."""
    return "".join(letter for letter in name.casefold() if letter.isalnum() or letter == "#")


@dataclass(frozen=True, slots=True)
class Format:
    """`header` has the columns that such a file always has, in any of the spellings divided by `|`; `columns` a field
    for names, null for those that say nothing. Names are as `plain` makes them. With `second_header` a line without an
    id right below the header belongs to it; `timezone` is that of its times, if they do not say; columns whose names
    end in one of the `asides` say nothing, and with `footer` neither do lines of a single cell. The others are guessed
    from what is in them.
    """

    key: str
    header: tuple[str, ...]
    columns: dict[str, str | None]
    kind: Literal["message", "survey"] = "survey"
    channel: str = "web"
    scale: RatingKind | None = None
    words: dict[str, Decimal] = field(default_factory=dict)
    second_header: bool = False
    timezone: str | None = None
    asides: tuple[str, ...] = ()
    footer: bool = False

    def fits(self, names: set[str]) -> bool:
        return all(names & set(wanted.split("|")) for wanted in self.header)
