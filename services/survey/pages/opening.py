"""First pages, rendered once: after a mailing, thousands open the same one within minutes.

What differs between two visitors, the submission's id, has a mark in its place, which is exchanged in each answer.
"""

import secrets
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Final

from fastapi import Response

from services.survey.definition.questions import Question
from services.survey.pages.filling import Filling
from shared.service import Runtime

MOST_ENTRIES: Final = 500
_KEY = "survey.pages"


class FirstPages:
    def __init__(self) -> None:
        # Nobody can write it into a survey.
        self.mark = secrets.token_urlsafe(24)
        self._pages: OrderedDict[Hashable, tuple[bytes, dict[str, str]]] = OrderedDict()

    def show(self, key: Hashable, render: Callable[[], Response], submission: str | None) -> Response:
        """`render` makes the page with `mark` where the submission's id belongs."""
        found = self._pages.get(key)
        if found is None:
            page = render()
            headers = {name: value for name, value in page.headers.items() if name != "content-length"}
            found = self._pages[key] = bytes(page.body), headers
            if len(self._pages) > MOST_ENTRIES:
                self._pages.popitem(last=False)
        body, headers = found
        return Response(body.replace(self.mark.encode(), (submission or "").encode()), headers=headers)


def first_pages(runtime: Runtime) -> FirstPages:
    """The one of this process."""
    found: FirstPages | None = runtime.state.get(_KEY)
    if found is None:
        found = runtime.state[_KEY] = FirstPages()
    return found


def is_the_same_for_all(filling: Filling) -> bool:
    """Nothing on the first page depends on who looks: no hidden field, no order of chance."""
    return not filling.hidden and not any(map(_is_shuffled, filling.definition.pages[0].questions))


def _is_shuffled(question: Question) -> bool:
    shuffled: Any = getattr(question, "shuffle", False)
    return bool(shuffled)
