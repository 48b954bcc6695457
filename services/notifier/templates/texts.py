"""Words and dates of the built-in texts, one file a language in `builtin/texts`. A new file is a new language."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson

from services.notifier.languages import nearest

_HERE: Final = Path(__file__).parent / "builtin" / "texts"
_WORD: Final = re.compile(r"\[\[([a-z_.]+)\]\]")
LOCALES: Final = tuple(sorted(path.stem for path in _HERE.glob("*.json")))


def language_of(locale: str) -> str:
    """The language that a customer of this locale is written to."""
    return nearest(LOCALES, locale)


@cache
def words_of(locale: str) -> Mapping[str, Any]:
    """`days` from Monday, `months`, the forms of a `day` and a `moment`, and the words of each template."""
    found: Mapping[str, Any] = orjson.loads((_HERE / f"{locale}.json").read_bytes())
    return found


def worded(source: str, locale: str) -> str:
    """`source` with `[[reply.subject]]` and the like in words of the language. Raises `KeyError` for a missing one."""

    def word(found: re.Match[str]) -> str:
        value: Any = words_of(locale)
        for part in found[1].split("."):
            value = value[part]
        return str(value)

    return _WORD.sub(word, source)
