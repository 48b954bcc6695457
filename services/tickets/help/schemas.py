"""Bodies of `/v1/help-centre`."""

from typing import Annotated

from pydantic import Field

from services.tickets.articles.schemas import MOST_LANGUAGES, Locale
from shared.http.schemas import Model, ShortText

ACCENT = "#0b6b63"
Colour = Annotated[str, Field(pattern="^#[0-9a-f]{6}$", examples=[ACCENT])]
Address = Annotated[str, Field(pattern=r"^(https?://|mailto:)[!-~]+$", max_length=2_000)]


class HelpCentreIn(Model):
    """`is_open`: whether anybody can read it. `contact_url`: where readers go on who found no answer."""

    is_open: bool = True
    intro: Annotated[dict[Locale, ShortText], Field(max_length=MOST_LANGUAGES)] = Field(default_factory=dict)
    accent: Colour = ACCENT
    accent_dark: Colour | None = None
    contact_url: Address | None = None


class HelpCentreOut(Model):
    """`url` leads to the pages, `sitemap` to their list for search engines."""

    version: int
    is_open: bool
    intro: dict[str, str]
    accent: str
    accent_dark: str | None
    contact_url: str | None
    url: str
    sitemap: str
