"""The words of an HTML fragment, as shops and chats send it: no tags, one line a paragraph, nothing that runs.

Not by `html.parser`: a page full of `<!--` takes it a minute. Everything here is linear.
"""

import html
import re
from typing import Final

import re2

LONGEST: Final = 200_000
_UNSEEN: Final = "script|style|head|title|template|noscript|svg|math|iframe|object"
_HIDDEN: Final = re2.compile(rf"(?is)<!--.*?-->|<(?:{_UNSEEN})\b[^>]*>.*?</(?:{_UNSEEN})\s*>")
_TAG: Final = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)\b[^<>]*>|<![^<>]*>")
_BREAKS: Final = {
    *("p", "div", "li", "ul", "ol", "tr", "table", "section", "article", "header", "footer", "blockquote", "pre"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "dt", "dd", "br", "hr"),
}
_BLANKS: Final = re.compile(r"[ \t\r\f\v\u00a0]+")
_LINES: Final = re.compile(r" ?\n[ \n]*")


def plain_text(markup: str) -> str:
    """`<p>Great <b>shoes</b>!</p>` → `Great shoes!`. Text that is no HTML comes out as it is, entities apart."""
    seen = _HIDDEN.sub(" ", markup[:LONGEST])
    text = html.unescape(_TAG.sub(_between, seen))
    return _LINES.sub("\n", _BLANKS.sub(" ", text)).strip()


def _between(tag: re.Match[str]) -> str:
    name = (tag[1] or "").lower()
    return "\n" if name in _BREAKS else " " if name in {"td", "th"} else ""
