"""A portion of a file: what its lines say, and what its words tell. Heavy, and nothing but calculation.

`python -m services.survey.imports.portions` does it apart (see `shared.apart.Helper`).
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple

import orjson
from pydantic import TypeAdapter

from services.survey.hearing.canonical import FeedbackItem
from services.survey.hearing.records import question_of
from services.survey.imports import reading
from services.survey.imports.schemas import Mapping
from services.survey.learning.reading import Question
from services.survey.taxonomy.document import TaxonomyDefinition, compiled, default_taxonomy
from services.survey.understanding.analysis import Analysis, analyse
from services.survey.understanding.topics import Taxonomy
from shared.apart import answer_all
from shared.http.errors import AppError
from shared.spreadsheets import Line

Problems = list[dict[str, str]]


class Portion(NamedTuple):
    """`now` is for lines that say no time; `taxonomy` is the account's own, as JSON."""

    lines: Sequence[Line]
    header: Sequence[str]
    mapping: Mapping
    now: datetime
    taxonomy: bytes | None


class Said(NamedTuple):
    """`known`: what the built-in reading finds in the words of the items."""

    items: list[FeedbackItem]
    rejected: list[tuple[Line, Problems]]
    known: list[tuple[Question, Analysis]]


class Read(NamedTuple):
    """A portion that was read, by its number; `said` is None after the last. `digest` is of its lines."""

    number: int
    digest: str
    said: Said | None


_GIVEN: Final = TypeAdapter(Portion)
_TOLD: Final = TypeAdapter(Said)


def said_in(portion: Portion) -> Said:
    said = Said([], [], [])
    taxonomy = default_taxonomy() if portion.taxonomy is None else _taxonomy(portion.taxonomy)
    for line in portion.lines:
        try:
            item = reading.read(line, portion.header, portion.mapping).item(portion.now)
        except AppError as problem:
            said.rejected.append((line, problems_of(problem)))
            continue
        question = question_of(item, None)
        said.items.append(item)
        said.known.append((question, analyse(taxonomy=taxonomy, **question._asdict())))
    return said


def problems_of(problem: AppError) -> Problems:
    if not problem.errors:
        return [{"pointer": "", "code": problem.code, "detail": problem.detail}]
    return [{"pointer": each.pointer, "code": each.code, "detail": each.detail} for each in problem.errors]


def asked(portion: Portion) -> bytes:
    """The question to the process that does it apart."""
    return _GIVEN.dump_json(portion)


def answered(told: bytes) -> Said:
    return _TOLD.validate_json(told)


def _answer(given: bytes) -> bytes:
    return _TOLD.dump_json(said_in(_GIVEN.validate_json(given)), exclude_defaults=True)


@lru_cache(maxsize=2)
def _taxonomy(document: bytes) -> Taxonomy:
    return compiled(TaxonomyDefinition.model_validate(orjson.loads(document)))


if __name__ == "__main__":
    answer_all(_answer)
