"""Answers with files, as customers read them: whichever way they go, the files are links below the words."""

from collections.abc import Iterable

from shared.contracts.tickets import AttachedFile

_UNITS = ("bytes", "kB", "MB")


def with_files(text: str, files: Iterable[AttachedFile]) -> str:
    """The text as it is, if there are none."""
    return "\n\n".join([text, *(f"{file.name} ({size_of(file.size)})\n{file.url}" for file in files)])


def size_of(size: int) -> str:
    """Such as `1.2 MB`, by thousands."""
    amount, unit = float(size), 0
    while amount >= 1_000 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1_000, unit + 1
    return f"{amount:.0f} {_UNITS[unit]}" if unit == 0 or amount >= 10 else f"{amount:.1f} {_UNITS[unit]}"
