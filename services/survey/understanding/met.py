"""What is known of the words met lately, so that each is worked out once."""

from collections.abc import Callable
from typing import Final, TypeVar

# Nobody writes a longer one twice.
_LONGEST: Final = 60

Known = TypeVar("Known")


class Met(dict[str, Known]):
    """By word. Read with `met[word]`, or for many with `map(met.__getitem__, words)`, which costs next to nothing.

    It begins anew when it is full: most words of a text are met again at once, and the rare ones never.
    """

    def __init__(self, work_out: Callable[[str], Known], most: int) -> None:
        self._work_out, self._most = work_out, most

    def __missing__(self, word: str) -> Known:
        known = self._work_out(word)
        if len(word) <= _LONGEST:
            if len(self) >= self._most:
                self.clear()
            self[word] = known
        return known
