"""Groups of texts that say much the same, and the phrases they share: `python -m services.survey.emerging.clustering`.

TF-IDF of words and pairs, its main directions (latent semantic analysis, Deerwester et al. 1990), and in these groups
that are near to each other on average (agglomerative clustering): no number of groups has to be known, and what is like
nothing else stays alone.
A process of its own, as `learning.fitting`. The same texts in the same order give the same groups.
"""

import re
import sys
from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from math import log
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
from sklearn.cluster import AgglomerativeClustering
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from services.survey.emerging.lessons import Found, Group, Texts
from services.survey.understanding.words import composed, words_of

SEED: Final = 42
LONGEST_PHRASE: Final = 3
MOST_PHRASES: Final = 3
_DIRECTIONS: Final = 100
_MASKED: Final = re.compile(r"\[(?:email|iban|card|phone)\]")
# Groups that are further apart (1 - cosine, on average) stay two.
_APART: Final = 0.7
# A phrase that fewer share is somebody's own.
_LEAST_SHARING: Final = 3
_LEAST_SHARE: Final = 0.2
# A word in more of all texts tells nothing, unless the texts are so few that a topic may be half of them.
_EVERYWHERE: Final = 0.25
_FEW: Final = 100


def grouped(texts: Sequence[str], least: int) -> list[Group]:
    """Groups of `least` texts or more, the largest first; members are places in `texts`, the most typical first."""
    tokens = [_tokens(text) for text in texts]
    if len(texts) < least:
        return []
    common = 1.0 if len(texts) < _FEW else _EVERYWHERE
    vectorizer = TfidfVectorizer(analyzer=_features, sublinear_tf=True, min_df=2, max_df=common)
    try:
        matrix = vectorizer.fit_transform(tokens)
    except ValueError:  # no two texts share a word
        return []
    directions = min(_DIRECTIONS, min(matrix.shape) - 1)
    if directions < 2:
        return []
    space = normalize(TruncatedSVD(directions, random_state=SEED).fit_transform(matrix))
    # What has no word in common with any other text lies in the middle, and would be near to everything.
    placed = np.flatnonzero(np.abs(space).sum(axis=1) > 0)
    if len(placed) < least:
        return []
    tree = AgglomerativeClustering(n_clusters=None, metric="cosine", linkage="average", distance_threshold=_APART)
    labels = tree.fit_predict(space[placed])
    groups = [_ordered(space, placed[labels == label]) for label in np.flatnonzero(np.bincount(labels) >= least)]
    frequency = Counter(phrase for one in tokens for phrase in set(_phrases(one)))
    found = [
        Group(members=members, phrases=_named([tokens[at] for at in members], frequency, len(texts)))
        for members in groups
    ]
    return sorted((group for group in found if group.phrases), key=lambda group: (-len(group.members), group.members))


def _ordered(space: Any, places: Any) -> list[int]:
    """The nearest to their centre first."""
    nearness = space[places] @ space[places].mean(axis=0)
    return [int(at) for at in places[np.argsort(-nearness, kind="stable")]]


def _tokens(text: str) -> list[str]:
    """Words in lower case; what is no word (marks, links, masked data) is a break that no phrase crosses."""
    words = words_of(_MASKED.sub(" | ", composed(text)))
    return [word.folded if word.folded[0].isalpha() else "" for word in words]


def _features(tokens: Sequence[str]) -> list[str]:
    words = [token for token in tokens if token and token not in _stopwords()]
    return [*words, *(f"{first} {second}" for first, second in pairwise(words))]


def _phrases(tokens: Sequence[str]) -> list[str]:
    """Runs of words that neither begin nor end with a stop word."""
    found = []
    for at in range(len(tokens)):
        for size in range(1, LONGEST_PHRASE + 1):
            run = tokens[at : at + size]
            if len(run) == size and all(run) and run[0] not in _stopwords() and run[-1] not in _stopwords():
                found.append(" ".join(run))
    return found


def _named(members: Sequence[Sequence[str]], frequency: Counter[str], total: int) -> list[str]:
    """The phrases that many of them share and few others have; longer ones say more."""
    shared = Counter(phrase for tokens in members for phrase in set(_phrases(tokens)))
    least = max(_LEAST_SHARING, _LEAST_SHARE * len(members))
    scores = {
        phrase: count / len(members) * log(total / frequency[phrase] + 1) * (1 + 0.5 * phrase.count(" "))
        for phrase, count in shared.items()
        if count >= least and (total < _FEW or frequency[phrase] <= _EVERYWHERE * total)
    }
    chosen: list[str] = []
    for phrase in sorted(scores, key=lambda one: (-scores[one], one)):
        if not any(set(phrase.split()) & set(other.split()) for other in chosen):
            chosen.append(phrase)
        if len(chosen) == MOST_PHRASES:
            break
    return chosen


@cache
def _stopwords() -> frozenset[str]:
    listed: dict[str, str] = orjson.loads((Path(__file__).parent / "stopwords.json").read_bytes())
    return frozenset(word for words in listed.values() for word in words.split())


def main() -> None:
    given = Texts.model_validate_json(sys.stdin.buffer.read())
    sys.stdout.buffer.write(Found(groups=grouped(given.texts, given.least)).model_dump_json().encode())


if __name__ == "__main__":
    main()
