"""First pages, rendered once: after a mailing, thousands open the same one within minutes.

What differs between two visitors, the submission's id and when they came, has a mark in its place, which is exchanged
in each answer.
"""

import re
import secrets
from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Response

from services.survey.definition.questions import Question
from services.survey.pages.filling import Filling
from shared.service import Runtime

MOST_ENTRIES: Final = 500
_KEY = "survey.pages"


@dataclass(frozen=True, slots=True)
class MarkedPage:
    """`parts`: the page cut at its marks, which are parts themselves."""

    parts: Sequence[bytes]
    headers: Mapping[str, str]

    def shown(self, texts: Mapping[str, str]) -> Response:
        """With each mark's text in its place."""
        given = {mark.encode(): text.encode() for mark, text in texts.items()}
        return Response(b"".join([given.get(part, part) for part in self.parts]), headers=self.headers)


class FirstPages:
    def __init__(self) -> None:
        # Nobody can write them into a survey.
        self.marks = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        self._pages: OrderedDict[Hashable, MarkedPage] = OrderedDict()

    def find(self, key: Hashable) -> MarkedPage | None:
        return self._pages.get(key)

    def keep(self, key: Hashable, page: Response) -> MarkedPage:
        headers = {name: value for name, value in page.headers.items() if name != "content-length"}
        cuts = "|".join(map(re.escape, self.marks)).encode()
        found = self._pages[key] = MarkedPage(re.split(b"(" + cuts + b")", page.body), headers)
        if len(self._pages) > MOST_ENTRIES:
            self._pages.popitem(last=False)
        return found


def first_pages(runtime: Runtime) -> FirstPages:
    """The one of this process."""
    found: FirstPages | None = runtime.state.get(_KEY)
    if found is None:
        found = runtime.state[_KEY] = FirstPages()
    return found


def is_the_same_for_all(filling: Filling) -> bool:
    """Nothing on the first page depends on who looks: no hidden field, no order of chance, no riddle."""
    definition = filling.definition
    return (
        not filling.hidden
        and not definition.proof_of_work
        and not any(map(_is_shuffled, definition.pages[0].questions))
    )


def _is_shuffled(question: Question) -> bool:
    shuffled: Any = getattr(question, "shuffle", False)
    return bool(shuffled)
