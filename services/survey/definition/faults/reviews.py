"""Public reviews are asked of everybody or of nobody.

To show the link only to those who scored high is "review gating". Google ("Prohibited and restricted content": do not
discourage negative reviews or selectively solicit positive ones), Trustpilot ("Guidelines for businesses": invite
customers in the same way whatever they may say) and the law (FTC, 16 CFR 465.7; in the EU, Directive 2005/29/EC, annex
I, 23b and 23c) forbid it.
"""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from services.survey.definition.document import Definition
from services.survey.definition.faults.fault import Fault, error
from services.survey.definition.faults.places import text_places

_SITES: Final = (
    r"(google|yelp|tripadvisor|trustpilot|trustedshops|provenexpert|capterra|getapp|softwareadvice|g2|feefo|reviews|"
    r"holidaycheck|booking|kununu|glassdoor|jameda|idealo|sitejabber|bbb|avis-verifies|opentable|thefork)"
)
_HOSTS: Final = re.compile(
    rf"(^|\.)({_SITES}\.[a-z]{{2,3}}(\.[a-z]{{2}})?|g\.page|goo\.gl|apps\.apple\.com|facebook\.com|fb\.com|"
    r"search\.google\.com|maps\.app\.goo\.gl)$"
)
_ADDRESS: Final = re.compile(r"(?:https?://)?((?:[a-z0-9-]{1,63}\.){1,5}[a-z]{2,24})(?:/|\b)", re.IGNORECASE)
_WHY: Final = (
    "Whether somebody is asked for a public review must not depend on what they answered: Google and Trustpilot remove "
    "reviews that were collected so, and consumer law forbids it (FTC 16 CFR 465.7, EU Directive 2005/29/EC). Use "
    "`review`, which is shown to everybody, or leave the link out."
)


def faults(definition: Definition) -> Iterator[Fault]:
    yield from _endings(definition)
    yield from _words(definition)


def _endings(definition: Definition) -> Iterator[Fault]:
    """All endings of those who answered have the same link to the same site, or none has."""
    counted = [(index, each) for index, each in enumerate(definition.endings) if not each.screened_out]
    links = {index: each.link.url if each.link and _is_review(each.link.url) else None for index, each in counted}
    depends = len(counted) > 1 or any(each.when is not None for _, each in counted)
    if depends and (len(set(links.values())) > 1 or (any(links.values()) and counted[-1][1].when is not None)):
        for index, url in links.items():
            if url is not None:
                yield error(f"/endings/{index}/link/url", "review_gating", _WHY)


def _words(definition: Definition) -> Iterator[Fault]:
    """A link in the words of a question or a page that only some come to."""
    skippable = _skippable(definition)
    for place in text_places(definition):
        parts = place.pointer.split("/")
        if parts[1] == "pages":
            page = definition.pages[int(parts[2])]
            question = page.questions[int(parts[4])] if len(parts) > 4 else None
            is_for_some = (question is not None and question.show_when is not None) or page.key in skippable
        else:
            is_for_some = parts[1] == "endings" and len(definition.endings) > 1 and parts[3] != "link"
        if is_for_some:
            for locale, words in place.text.items():
                if any(_HOSTS.search(found[1].lower()) for found in _ADDRESS.finditer(words)):
                    yield error(f"{place.pointer}/{locale}", "review_gating", _WHY)


def _skippable(definition: Definition) -> set[str]:
    """The pages that some jump leads past."""
    keys = [page.key for page in definition.pages]
    places = {key: number for number, key in enumerate(keys)}
    found: set[str] = set()
    for number, page in enumerate(definition.pages):
        furthest = max((places.get(jump.to, len(keys)) for jump in page.jumps), default=0)
        found.update(keys[number + 1 : furthest])
    return found


def _is_review(url: str) -> bool:
    return _HOSTS.search((urlsplit(url).hostname or "").lower()) is not None
