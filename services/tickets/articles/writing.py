"""Markdown as pages and as plain words. What authors write may come from anywhere: no HTML of theirs gets through."""

import re
import unicodedata
from functools import cache
from html import unescape
from typing import Final

import nh3
from markdown_it import MarkdownIt

_TAGS: Final = {
    *("p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a", "img"),
    *("h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES: Final = {"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}}
_SCHEMES: Final = {"http", "https", "mailto", "tel"}
_BLANKS: Final = re.compile(r"\s+")
_HEADING: Final = re.compile(r"</?h([1-6])>")
_SLUG: Final = re.compile(r"[^a-z0-9]+")
LONGEST_SLUG: Final = 60
_LONGEST_PASSAGE: Final = 600


def as_html(markdown: str) -> str:
    """Safe to put into a page. Headings begin at the second level, for the page's title is the first, and none is left
    out (WCAG 2.2, 1.3.1)."""
    html = _reader().render(markdown)
    levels = sorted({found[1] for found in _HEADING.finditer(html) if not found[0].startswith("</")})
    html = _HEADING.sub(lambda found: f"{found[0][:-2]}{levels.index(found[1]) + 2}>", html)
    return nh3.clean(html, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel="noopener noreferrer")


def as_words(markdown: str) -> str:
    """What is to be read in it, without its signs, on one line."""
    return _BLANKS.sub(" ", unescape(nh3.clean(_reader().render(markdown), tags=set()))).strip()


def passages(markdown: str) -> list[str]:
    """Its paragraphs, list items and table rows as plain words, in order, none longer than a few sentences."""
    blocks = re.split(r"\n\s*\n", markdown)
    found = (as_words(block) for block in blocks if block.strip() and not block.lstrip().startswith("#"))
    return [words[:_LONGEST_PASSAGE] for words in found if words]


def slug_of(title: str) -> str:
    """What stands in an address for people to read; it may be empty, and leads nowhere by itself."""
    plain = unicodedata.normalize("NFKD", title.casefold()).encode("ascii", "ignore").decode()
    return _SLUG.sub("-", plain).strip("-")[:LONGEST_SLUG].strip("-")


@cache
def _reader() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
