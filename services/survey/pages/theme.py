"""An account's colours on the page, each with a companion that can be read beside it."""

from services.survey.definition.document import Theme
from shared.colours import CARD, DARK_CARD, contrast, lightened

_DEFAULT = Theme()


def colours_of(theme: Theme) -> str:
    """CSS that says them for light and dark; empty for the colours that the style sheet has already."""
    if theme.accent == _DEFAULT.accent and theme.accent_dark is None:
        return ""
    dark = theme.accent_dark or lightened(theme.accent, DARK_CARD)
    light, dim = _scheme(theme.accent, CARD), _scheme(dark, DARK_CARD)
    return f":root{{{light}}}@media(prefers-color-scheme:dark){{:root{{{dim}}}}}"


def _scheme(accent: str, card: str) -> str:
    # One of these two can be read on any colour.
    on_accent = max(("#ffffff", "#000000"), key=lambda colour: contrast(colour, accent))
    return f"--accent:{accent};--on-accent:{on_accent};--wash:color-mix(in srgb,{accent} 12%,{card})"
