"""Comments as customers write them, made up from Heed's own lists with a fixed seed.

Run as a module it says how fast and in how much memory the survey service analyses them, as one line of JSON:
`python -m tests.bench.comments ROUNDS SECONDS`.
"""

import gc
import json
import random
import sys
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Final, NamedTuple

import orjson

_SEED: Final = 42
_COMMON: Final = Path(__file__).parent.parent / "eval" / "fixtures" / "common_words.json"
_DISTINCT: Final = 4_000
_ENDINGS: Final = ("", "", "", "s", "e", "a")


class Comment(NamedTuple):
    text: str
    declared: str | None


def comments(count: int = _DISTINCT) -> Iterator[Comment]:
    """Of all seven languages alike, one to four sentences of four to twelve pieces: common words, phrases of topics,
    and now and then a name that nobody has seen. Half of them come with their language."""
    from services.survey.taxonomy.document import default_definition

    chance = random.Random(_SEED)
    common: dict[str, list[str]] = {
        language: words.split() for language, words in orjson.loads(_COMMON.read_bytes()).items()
    }
    phrases = {
        language: [phrase for topic in default_definition().topics for phrase in topic.synonyms[language]]
        for language in common
    }

    def piece(language: str) -> str:
        kind = chance.random()
        if kind < 0.72:
            return chance.choice(common[language])
        if kind < 0.97:
            return chance.choice(phrases[language]).replace("*", chance.choice(_ENDINGS))
        return "".join(chance.choices("abcdefghiklmnoprstuvz", k=chance.randint(4, 9))).capitalize()

    for number in range(count):
        language = list(common)[number % len(common)]
        sentences = (
            " ".join(piece(language) for _ in range(chance.randint(4, 12))).capitalize() + chance.choice(".!?.")
            for _ in range(chance.choice((1, 1, 2, 2, 3, 4)))
        )
        yield Comment(" ".join(sentences), language if number % 2 else None)


def main(rounds: int, seconds: float) -> None:
    import services.survey.app  # noqa: F401

    gc.collect()
    base = _resident()
    from services.survey.taxonomy.document import default_taxonomy
    from services.survey.understanding.analysis import analyse

    corpus = list(comments())
    rates = []
    for comment in corpus[: len(corpus) // 4]:
        analyse(comment.text, rating=None, language_hint=comment.declared, taxonomy=default_taxonomy())
    endless = cycle(corpus)
    for _ in range(rounds):
        done, started = 0, time.process_time()
        while time.process_time() - started < seconds:
            for _ in range(50):
                comment = next(endless)
                analyse(comment.text, rating=None, language_hint=comment.declared, taxonomy=default_taxonomy())
            done += 50
        rates.append(done / (time.process_time() - started))
    letters = sum(len(comment.text) for comment in corpus) / len(corpus)
    print(json.dumps({"per_second": rates, "letters": letters, "megabytes": (_resident() - base) / 1e6}))


def _resident() -> int:
    """Bytes of memory that this process holds."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
