"""Published collections of texts with what people thought of them, read from a folder that is not part of Heed.

`HEED_DATA` names it; its layout is that of docs/guides/understanding.md. Nothing here is needed to run Heed.
"""

import csv
import gzip
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal, NamedTuple

SNIPPETS: Final = ("amazonReviewSnippets", "movieReviewSnippets", "nytEditorialSnippets", "tweets")
SENTENCES: Final = ("amazon_cells", "imdb", "yelp")
TWEET_LANGUAGES: Final = {
    "en": "english",
    "de": "german",
    "fr": "french",
    "es": "spanish",
    "pt": "portuguese",
    "it": "italian",
}


class Rated(NamedTuple):
    """`value` from -4 to 4 is the mean of twenty raters; of a set with classes it is -1, 0 or 1."""

    text: str
    value: float


def folder() -> Path:
    """Raises `SystemExit` where there is no data."""
    named = os.environ.get("HEED_DATA", "")
    if not named or not (Path(named) / "sentiment").is_dir():
        raise SystemExit(
            "Name the folder with the evaluation data: HEED_DATA=/path/to/data (see docs/guides/understanding.md)."
        )
    return Path(named) / "sentiment"


def intents() -> dict[str, list[tuple[str, str]]]:
    """clinc150 (Larson et al. 2019), CC BY 3.0: texts and intents by split; `oos_...` are about none of them."""
    packed = (folder().parent / "intents" / "clinc150" / "data_full.json.gz").read_bytes()
    parsed: dict[str, list[list[str]]] = json.loads(gzip.decompress(packed))
    return {split: [(text, intent) for text, intent in rows] for split, rows in parsed.items()}


def snippets(name: str) -> list[Rated]:
    """VADER's ground truth (Hutto and Gilbert 2014), MIT."""
    lines = gzip.decompress((folder() / "vader" / f"{name}_GroundTruth.txt.gz").read_bytes())
    rows = (line.split("\t") for line in lines.decode("utf-8", "replace").splitlines())
    return [Rated(row[2], float(row[1])) for row in rows if len(row) > 2]


def sentences(name: str) -> list[Rated]:
    """UCI Sentiment Labelled Sentences (Kotzias et al. 2015), CC BY 4.0."""
    lines = (folder() / "sentence_labelled" / f"{name}_labelled.txt").read_text("utf-8").split("\n")
    rows = (line.rsplit("\t", 1) for line in lines if "\t" in line)
    return [Rated(text.strip(), 2.0 * int(label) - 1) for text, label in rows]


def tweets(language: str, split: Literal["train", "val"]) -> list[Rated]:
    """UMSAB (Barbieri et al. 2022), Apache-2.0."""
    return [row for row_split, row in _tweets_of(TWEET_LANGUAGES[language]) if row_split == split]


def dutch() -> list[Rated]:
    """Sixty sentences of Heed's own, since none of the collections has Dutch. Nothing was tuned on them."""
    lines = (Path(__file__).parent / "fixtures" / "dutch.tsv").read_text("utf-8").splitlines()
    values = {"negative": -1.0, "neutral": 0.0, "positive": 1.0}
    return [Rated(text, values[label]) for label, text in (line.split("\t") for line in lines)]


def tweets_in(file: str, split: Literal["train", "val"]) -> list[str]:
    """The texts of any of the eight languages, by the name of its file, such as `arabic`."""
    return [row.text for row_split, row in _tweets_of(file) if row_split == split]


def _tweets_of(file: str) -> Iterator[tuple[str, Rated]]:
    packed = (folder() / "tweets_8_languages" / f"{file}.csv.gz").read_bytes()
    for row in csv.DictReader(io.StringIO(gzip.decompress(packed).decode())):
        yield row["split"], Rated(row["text"], float(row["label"]) - 1)
