"""All of them, the most particular first."""

from collections.abc import Sequence
from typing import Final

from services.survey.imports.formats import (
    Format,
    chatwoot,
    delighted,
    formbricks,
    google_forms,
    hub,
    plain,
    surveymonkey,
    typeform,
    zendesk,
)

FORMATS: Final = {
    module.FORMAT.key: module.FORMAT
    for module in (hub, formbricks, chatwoot, surveymonkey, typeform, delighted, zendesk, google_forms)
}


def format_of(header: Sequence[str]) -> Format | None:
    """Whose export it is; None if that is not known."""
    names = {plain(column) for column in header}
    return next((each for each in FORMATS.values() if each.fits(names)), None)
