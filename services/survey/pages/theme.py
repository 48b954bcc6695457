"""An account's colours on the page, each with a companion that can be read beside it."""

from services.survey.definition.document import Theme

_DEFAULT = Theme()
_CARD, _DARK_CARD = "#ffffff", "#1c1f22"
# WCAG 2.2, 1.4.3: text needs 4.5 : 1, and the accent is the background of buttons and a colour of links.
READABLE = 4.5


def colours_of(theme: Theme) -> str:
    """CSS that says them for light and dark; empty for the colours that the style sheet has already."""
    if theme.accent == _DEFAULT.accent and theme.accent_dark is None:
        return ""
    dark = theme.accent_dark or lightened(theme.accent, _DARK_CARD)
    light, dim = _scheme(theme.accent, _CARD), _scheme(dark, _DARK_CARD)
    return f":root{{{light}}}@media(prefers-color-scheme:dark){{:root{{{dim}}}}}"


def contrast(one: str, other: str) -> float:
    """1 to 21, between two colours such as `#0b6b63` (WCAG 2.2, "contrast ratio")."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def lightened(colour: str, background: str) -> str:
    """As little lighter as it takes to be read on a dark background."""
    parts = _parts(colour)
    for step in range(21):
        lighter = _hex(tuple(round(part + (255 - part) * step / 20) for part in parts))
        if contrast(lighter, background) >= READABLE:
            return lighter
    return "#ffffff"


def _scheme(accent: str, card: str) -> str:
    # One of these two can be read on any colour.
    on_accent = max(("#ffffff", "#000000"), key=lambda colour: contrast(colour, accent))
    return f"--accent:{accent};--on-accent:{on_accent};--wash:color-mix(in srgb,{accent} 12%,{card})"


def _luminance(colour: str) -> float:
    channels = [part / 255 for part in _parts(colour)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _parts(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour.removeprefix("#")))


def _hex(parts: tuple[int, ...]) -> str:
    return "#" + bytes(parts).hex()
