"""Help pages as HTML: one style sheet inside each, nothing to run, and nothing from elsewhere but authors' pictures."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from services.tickets.help.schemas import ACCENT
from services.tickets.help.site import News, Site
from services.tickets.help.words import language_name, words_in
from shared.colours import CARD, DARK_CARD, contrast, lightened
from shared.http.languages import direction
from shared.http.pages import content_policy

_TEMPLATES: Final = Path(__file__).parent / "templates"
# Pictures that authors put into articles may lie anywhere.
_IMAGES: Final = "'self' data: https:"


def page(
    template: str,
    site: Site | None,
    locale: str,
    context: Mapping[str, Any],
    *,
    status: int = 200,
    canonical: str | None = None,
    alternates: Mapping[str, str] | None = None,
) -> Response:
    """`canonical` and `alternates`, by language, are for search engines; without the first they leave it out."""
    style, colours = _style(), colours_of(site.looks.accent, site.looks.accent_dark) if site else ""
    html = (
        _environment()
        .get_template(template)
        .render(
            **context,
            words=words_in(locale),
            site=site,
            lang=locale,
            direction=direction(locale),
            style=Markup(style),
            colours=Markup(colours),
            canonical=canonical,
            alternates=alternates or {},
            language_name=language_name,
        )
    )
    headers = {
        "Content-Security-Policy": content_policy((style, colours), images=_IMAGES),
        "Cache-Control": "no-cache",
    }
    return Response(html, status, headers, "text/html; charset=utf-8")


def sitemap(entries: list[dict[str, Any]]) -> Response:
    """https://www.sitemaps.org/protocol.html, with the languages of each page."""
    xml = _environment().get_template("sitemap.xml").render(entries=entries)
    return Response(xml, media_type="application/xml")


def feed(site: Site, locale: str, entries: Sequence[News], otherwise: datetime) -> Response:
    """Atom (RFC 4287). `otherwise`: when it changed last if there is nothing in it."""
    home = f"{site.url}/{locale}"
    context = {"site": site, "lang": locale, "home": home, "here": f"{home}/feed.atom", "entries": entries}
    updated = max((entry.updated for entry in entries), default=otherwise.isoformat())
    xml = _environment().get_template("feed.atom").render(**context, updated=updated)
    return Response(xml, headers={"Cache-Control": "max-age=600"}, media_type="application/atom+xml")


def colours_of(accent: str, accent_dark: str | None) -> str:
    """CSS that says them for light and dark; empty for the colours that the style sheet has already."""
    if accent == ACCENT and accent_dark is None:
        return ""
    light, dim = _scheme(accent, CARD), _scheme(accent_dark or lightened(accent, DARK_CARD), DARK_CARD)
    return f":root{{{light}}}@media(prefers-color-scheme:dark){{:root{{{dim}}}}}"


def _scheme(accent: str, card: str) -> str:
    # One of these two can be read on any colour.
    on_accent = max(("#ffffff", "#000000"), key=lambda colour: contrast(colour, accent))
    return f"--accent:{accent};--on-accent:{on_accent};--wash:color-mix(in srgb,{accent} 12%,{card})"


@cache
def _style() -> str:
    return (_TEMPLATES / "style.css").read_text()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Within the pages addresses are paths: whoever reads them under another name stays there.
    environment.filters["path"] = lambda url: urlsplit(url).path
    return environment
