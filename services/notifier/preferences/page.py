"""The page itself: one form, no script, nothing fetched from anywhere."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, select_autoescape

from services.notifier.languages import direction_of
from services.notifier.preferences.service import Preferences
from services.notifier.preferences.texts import language_of, texts_of
from shared.contracts.consent import ANALYTICS, ANY

_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Cache-Control": "no-store",
    # The address is a credential; no page that is gone to from here is to learn it.
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "pages"),
    autoescape=select_autoescape(),
    auto_reload=False,
    trim_blocks=True,
    lstrip_blocks=True,
)


def preferences_page(found: Preferences, *, accepted: Sequence[str], is_saved: bool) -> HTMLResponse:
    """In the language that the record names, else by the browser (`accepted`, best first), else the account's."""
    language = language_of(found.contact.locale, *accepted, found.account.locale)
    choices = found.choices()
    purposes = dict.fromkeys(choice.purpose for choice in choices if choice.purpose != ANALYTICS)
    return _page(
        "preferences.html",
        200,
        language,
        business=found.account.name,
        is_saved=is_saved,
        about=found.about,
        purposes=list(purposes),
        channels=found.channels,
        analytics=f"{ANALYTICS}.{ANY}",
        wanted={choice.key for choice in choices if found.decision(choice).allowed},
    )


def not_found_page(accepted: Sequence[str]) -> HTMLResponse:
    return _page("unknown.html", 404, language_of(*accepted))


def _page(name: str, status: int, language: str, **values: object) -> HTMLResponse:
    html = _PAGES.get_template(name).render(lang=language, dir=direction_of(language), t=texts_of(language), **values)
    return HTMLResponse(html, status, headers=_HEADERS)
