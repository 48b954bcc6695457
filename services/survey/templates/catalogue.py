"""Ready templates: one for each metric and scale, one for each stage of a customer's journey.

`definitions/` has what is asked, with the key of a text where a text belongs; `texts/` has the words, a file for each
language. Wording: NPS after Reichheld (2003), CES 1.0 "how much effort" after Dixon et al. (2010), CES 2.0 "made it
easy" after CEB (2013), the index after the three questions of the ACSI, "how would you feel" after Sean Ellis.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson

from services.survey.definition.document import Definition
from shared.http.errors import NotFound, Unacceptable

_HERE = Path(__file__).parent
# The fields of a definition that hold words.
_WORDS: Final = frozenset({"title", "label", "low_label", "high_label"})


class TemplateNotFound(NotFound):
    """There is no such template; `GET /v1/survey-templates` lists those there are."""

    code = "template_not_found"


@dataclass(frozen=True, slots=True)
class Template:
    key: str
    kind: str
    journey_stage: str | None
    name: Mapping[str, str]
    # With the key of a text where a text belongs.
    outline: Mapping[str, Any]

    def definition(self, locales: Sequence[str] = ()) -> Definition:
        """In these languages, the first before the others, or in all. Raises `Unacceptable` for one it is not in."""
        unknown = [locale for locale in locales if locale not in languages()]
        if unknown:
            detail = f"Templates are not in `{unknown[0]}`; they are in {', '.join(languages())}."
            raise Unacceptable.field("/locales", "unknown_locale", detail)
        wanted = list(dict.fromkeys(locales)) or languages()
        return Definition.model_validate({"locales": wanted, **_worded(self.outline, wanted)})


def templates() -> Mapping[str, Template]:
    """By key: metrics first, then the stages in the order of a journey."""
    return _templates()


def template(key: str) -> Template:
    """Raises `TemplateNotFound`."""
    if key not in _templates():
        raise TemplateNotFound
    return _templates()[key]


@cache
def languages() -> list[str]:
    """Those that every template is in, English first."""
    return sorted((path.stem for path in (_HERE / "texts").glob("*.json")), key=lambda each: (each != "en", each))


@cache
def texts(locale: str) -> Mapping[str, str]:
    found: dict[str, str] = orjson.loads((_HERE / "texts" / f"{locale}.json").read_bytes())
    return found


@cache
def _templates() -> Mapping[str, Template]:
    found = [_read(path) for path in sorted((_HERE / "definitions").glob("*.json"))]
    stages = [None, *JOURNEY]
    return {each.key: each for each in sorted(found, key=lambda each: stages.index(each.journey_stage))}


# The stages that there are templates for, in the order in which a customer comes to them.
JOURNEY: Final = (
    "onboarding",
    "purchase",
    "delivery",
    "visit",
    "use",
    "support",
    "relationship",
    "renewal",
    "cancellation",
)


def _read(path: Path) -> Template:
    read = orjson.loads(path.read_bytes())
    name = {locale: texts(locale)[read["name"]] for locale in languages()}
    return Template(path.stem, read["kind"], read["journey_stage"], name, read["definition"])


def _worded(node: Any, locales: Sequence[str]) -> Any:
    if isinstance(node, list):
        return [_worded(each, locales) for each in node]
    if not isinstance(node, dict):
        return node
    return {
        name: {locale: texts(locale)[value] for locale in locales} if name in _WORDS else _worded(value, locales)
        for name, value in node.items()
    }
