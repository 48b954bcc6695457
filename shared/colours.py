"""Colours that can be told apart (WCAG 2.2, 1.4.3)."""

from typing import Final

# Text needs 4.5 : 1.
READABLE: Final = 4.5
# What hosted pages write on, by day and by night.
CARD: Final = "#ffffff"
DARK_CARD: Final = "#1c1f22"
_STEPS: Final = 20


def contrast(one: str, other: str) -> float:
    """1 to 21, between two colours such as `#0b6b63` (WCAG 2.2, "contrast ratio")."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def lightened(colour: str, background: str) -> str:
    """As little lighter as it takes to be read on a dark background."""
    return _towards("#ffffff", colour, background)


def darkened(colour: str, background: str) -> str:
    """As little darker as it takes to be read on a light background."""
    return _towards("#000000", colour, background)


def _towards(end: str, colour: str, background: str) -> str:
    for step in range(_STEPS + 1):
        parts = zip(_parts(colour), _parts(end), strict=True)
        mixed = _hex(tuple(round(part + (last - part) * step / _STEPS) for part, last in parts))
        if contrast(mixed, background) >= READABLE:
            return mixed
    return end


def _luminance(colour: str) -> float:
    channels = [part / 255 for part in _parts(colour)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _parts(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour.removeprefix("#")))


def _hex(parts: tuple[int, ...]) -> str:
    return "#" + bytes(parts).hex()
