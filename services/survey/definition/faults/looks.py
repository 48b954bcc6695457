"""Colours that nobody could read, and a logo that says nothing to those who do not see it."""

from collections.abc import Iterator

from services.survey.definition.document import Definition
from services.survey.definition.faults.fault import Fault, error
from shared.colours import CARD, DARK_CARD, READABLE, contrast, darkened, lightened


def faults(definition: Definition) -> Iterator[Fault]:
    theme = definition.theme
    yield from _readable(theme.accent, CARD, darkened(theme.accent, CARD), "/theme/accent")
    if theme.accent_dark is not None:
        yield from _readable(
            theme.accent_dark, DARK_CARD, lightened(theme.accent_dark, DARK_CARD), "/theme/accent_dark"
        )
    if theme.logo_file_id is not None and theme.logo_alt is None:
        yield error("/theme/logo_alt", "missing_words", "Say in words what the logo shows, usually the name.")


def _readable(colour: str, background: str, better: str, pointer: str) -> Iterator[Fault]:
    has = contrast(colour, background)
    if has < READABLE:
        detail = (
            f"{colour} on {background} has a contrast of {has:.1f} : 1, and {READABLE} : 1 is needed to read it "
            f"(WCAG 2.2, 1.4.3). {better} would do."
        )
        yield error(pointer, "contrast", detail)
