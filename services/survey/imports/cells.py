"""What is written in a cell."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Final
from zoneinfo import ZoneInfo

from services.survey.imports.formats import plain

_NUMBER: Final = re.compile(r"(-?\d{1,9}(?:[.,]\d{1,4})?)(?![\d.,])(?:\s*(?:/\s*\d+|[-–:].*|stars?|★+)?)?", re.DOTALL)
_STARS: Final = re.compile("★{1,10}☆{0,9}|⭐{1,10}")
_POSIX: Final = {10: 1, 13: 1_000}


def number_of(cell: str, words: Mapping[str, Decimal]) -> Decimal | None:
    """A score: `4`, `4,5`, `4/5`, `4 stars`, `10 - Extremely likely`, stars, or one of the `words`; None if it is
    none. What a word is does not depend on case and blanks."""
    by_word = {plain(word): value for word, value in words.items()}.get(plain(cell)) if words else None
    if by_word is not None:
        return by_word
    if _STARS.fullmatch(cell):
        return Decimal(cell.count("★") + cell.count("⭐"))
    found = _NUMBER.fullmatch(cell)
    try:
        return Decimal(found[1].replace(",", ".")) if found else None
    except InvalidOperation:
        return None


def moment_of(cell: str, formats: Sequence[str], timezone: str | None) -> datetime | None:
    """ISO 8601, POSIX seconds or milliseconds, or one of the formats of `strptime`; None if it is none of these."""
    if cell.isascii() and cell.isdigit() and len(cell) in _POSIX:
        return datetime.fromtimestamp(int(cell) / _POSIX[len(cell)], UTC)
    for read in (_iso, *(_by(each) for each in formats)):
        try:
            time = read(cell)
            return (time if time.tzinfo else time.replace(tzinfo=ZoneInfo(timezone or "UTC"))).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None


def _iso(cell: str) -> datetime:
    # Ruby and some spreadsheets write `2024-05-02 10:00:00 UTC`.
    return datetime.fromisoformat(re.sub(r" ?UTC$", "+00:00", cell))


def _by(format_: str) -> Callable[[str], datetime]:
    return lambda cell: datetime.strptime(cell, format_)  # noqa: DTZ007 - the zone is given to it after
