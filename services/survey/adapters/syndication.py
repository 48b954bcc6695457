"""Entries of a feed: RSS 2.0 and 1.0 (Dublin Core dates and authors included), Atom 1.0 (RFC 4287).

Well-formed XML only, and without a document type: so no entity can grow, and nothing is ever fetched. feedparser reads
broken feeds too, but a hostile one of a megabyte takes it most of a minute.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from xml.parsers import expat

from services.survey.adapters.base import Unreadable
from services.survey.adapters.markup import plain_text
from shared.http.schemas import NUL

MOST_ENTRIES: Final = 500
_ENTRIES: Final = {"item", "entry"}
_LANGUAGE: Final = "http://www.w3.org/XML/1998/namespace lang"


@dataclass(frozen=True, slots=True)
class Entry:
    """`name` is the feed's own name of it (guid or id), `link` where it can be read; texts are plain."""

    name: str | None
    link: str | None
    title: str | None
    text: str | None
    author: str | None
    written_at: datetime | None
    language: str | None


def entries_of(body: bytes) -> list[Entry]:
    """The first 500. Raises `Unreadable`."""
    reader = _Reader()
    try:
        reader.parser.Parse(body, True)
    except expat.ExpatError as problem:
        raise Unreadable(f"The address leads to something that is no well-formed feed: {problem}.") from None
    except (LookupError, ValueError):
        raise Unreadable("The feed is written in an encoding that is not known.") from None
    if not reader.is_feed:
        raise Unreadable("The address leads to something that is neither RSS nor Atom.")
    return [_entry(parts, reader.language) for parts in reader.entries]


@dataclass
class _Reader:
    """Gathers the texts of each entry's children by their local names; of several of one name the first that says
    something."""

    entries: list[dict[str, str]] = field(default_factory=list)
    language: str | None = None
    is_feed: bool = False

    def __post_init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._said
        self._path: list[str] = []
        self._entry_depth = 0
        self._words: list[str] = []

    def _refuse(self, *_: object) -> None:
        raise Unreadable("The feed has a document type, which feeds do not need and attackers do.")

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        local = name.rpartition(" ")[2]
        self._path.append(local)
        if len(self._path) == 1:
            self.is_feed = local in {"rss", "feed", "RDF"}
            self.language = attributes.get(_LANGUAGE)
        if local in _ENTRIES and not self._entry_depth and len(self.entries) < MOST_ENTRIES:
            self._entry_depth = len(self._path)
            self.entries.append({})
        elif self._entry_depth:
            if local == "link" and attributes.get("rel", "alternate") == "alternate":
                self._keep("link", attributes.get("href", ""))
            # Of an Atom author only the name; elsewhere, as in XHTML, all that stands below.
            if len(self._path) == self._entry_depth + 1 or self._path[-2:] == ["author", "name"]:
                self._words = []

    def _said(self, words: str) -> None:
        self._words.append(words)

    def _end(self, name: str) -> None:
        local = self._path.pop()
        depth = len(self._path) + 1
        if self._entry_depth and depth == self._entry_depth:
            self._entry_depth = 0
        elif self._entry_depth and (depth == self._entry_depth + 1 or (self._path[-1], local) == ("author", "name")):
            self._keep("author" if local == "name" else local, "".join(self._words))
        elif local == "language" and not self.entries:
            self.language = self.language or "".join(self._words[-1:]).strip() or None
        if not self._entry_depth:
            self._words = []

    def _keep(self, name: str, value: str) -> None:
        value = value.strip()
        if value:
            self.entries[-1].setdefault(name, value)


def _entry(parts: Mapping[str, str], language: str | None) -> Entry:
    said = parts.get("encoded") or parts.get("content") or parts.get("description") or parts.get("summary")
    written = (parts.get(name) for name in ("pubDate", "published", "date", "updated"))
    link = parts.get("link")
    return Entry(
        name=parts.get("guid") or parts.get("id"),
        link=link if link and link.startswith(("http://", "https://")) else None,
        title=_plain(parts.get("title")),
        text=_plain(said),
        author=_plain(parts.get("creator") or parts.get("author")),
        written_at=next((at for each in written if each and (at := _moment(each))), None),
        language=language,
    )


def _plain(markup: str | None) -> str | None:
    return (plain_text(markup).replace(NUL, "") or None) if markup else None


def _moment(written: str) -> datetime | None:
    """RFC 822 as in RSS, or RFC 3339 as in Atom; one without a zone is UTC."""
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(written)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None
