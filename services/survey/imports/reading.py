"""From a line of a file to something that was said."""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, get_args

from pydantic import ValidationError

from services.survey.entries.schemas import NewEntry
from services.survey.entries.service import rating_of
from services.survey.hearing.canonical import Author, FeedbackItem, RatingKind, version_of
from services.survey.imports.cells import moment_of, number_of
from services.survey.imports.fields import DIMENSION, FIELDS, SEVERAL
from services.survey.imports.formats import plain
from services.survey.imports.schemas import Mapping
from shared.http.errors import FieldProblem, Unacceptable
from shared.http.problems import from_validation
from shared.spreadsheets import Line, unquoted

_IDENTITIES: Final = ("external_id", "email", "phone")
# As `responses.schemas.DimensionName` has it.
_DIMENSION_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LONGEST_ID: Final = 400
# Also as other tools call kinds of scores.
_KINDS: Final[dict[str, RatingKind]] = {kind: kind for kind in get_args(RatingKind)} | {
    "rating": "stars",
    "star": "stars",
    "stars5": "stars",
    "smileys": "smiley",
    "thumbs": "binary",
}
_NO_SCORE: Final = frozenset(("", "offered", "unoffered", "na", "null", "none"))


class Read(NamedTuple):
    """`entry` is what it says, `name` its author's if nothing else is known of them."""

    external_id: str
    entry: NewEntry
    name: str | None
    version: str

    def item(self, now: datetime) -> FeedbackItem:
        """`now` for lines that say no time."""
        customer = self.entry.customer
        who = customer.model_dump(exclude={"id"}) if customer else {"name": self.name, "anonymous": True}
        return FeedbackItem(
            external_id=self.external_id,
            external_version=self.version,
            occurred_at=self.entry.occurred_at or now,
            time_confidence="exact" if self.entry.occurred_at else "assumed",
            author=Author(**who),
            rating=rating_of(self.entry.score) if self.entry.score else None,
            dimensions=dict(self.entry.dimensions),
            solicited=True if self.entry.kind == "survey" else None,
            **self.entry.model_dump(exclude={"customer", "score", "dimensions", "occurred_at"}),
        )


def check(mapping: Mapping, header: Sequence[str]) -> None:
    """Raises `Unacceptable` for columns that are not there, fields that do not exist, and if nothing would be said."""
    problems = []
    for column, field in mapping.columns.items():
        if column not in header:
            problems.append(FieldProblem(f"/mapping/columns/{column}", "column", f"There is no column {column[:100]}."))
        elif field is not None and not _exists(field):
            problems.append(FieldProblem(f"/mapping/columns/{column}", "field", f"There is no field {field[:100]}."))
    fields = [field for field in mapping.columns.values() if field is not None]
    for field in sorted({each for each in fields if fields.count(each) > 1 and each not in SEVERAL}):
        problems.append(FieldProblem("/mapping/columns", "field", f"Two columns are mapped to {field}."))
    if not {"score", "text"} & set(fields):
        detail = "Map a column to score or text: without them nothing was said."
        problems.append(FieldProblem("/mapping/columns", "nothing", detail))
    if problems:
        raise Unacceptable(" ".join(problem.detail for problem in problems), errors=tuple(problems))


def read(line: Line, header: Sequence[str], mapping: Mapping) -> Read:
    """Raises `Unacceptable` for a line that cannot be taken. Empty cells say nothing."""
    _, cells = line
    if len(cells) != len(header):
        raise Unacceptable.field("", "cells", f"{len(cells)} cells where the header has {len(header)}.")
    told = _told(cells, header, mapping)
    external_id = told.pop("external_id", None) or hashlib.sha256("\x1f".join(cells).encode()).hexdigest()[:32]
    if len(external_id) > _LONGEST_ID:
        raise Unacceptable.field("/external_id", "too_long", f"An id has at most {_LONGEST_ID} characters.")
    customer = {name: told.pop(f"customer.{name}") for name in (*_IDENTITIES, "name") if f"customer.{name}" in told}
    is_known = any(name in customer for name in _IDENTITIES)
    document = {"kind": mapping.kind, "channel": mapping.channel} | _typed(told, mapping)
    if is_known:
        document["customer"] = customer
    version = version_of(document | {"customer": customer})
    try:
        entry = NewEntry.model_validate(document)
    except ValidationError as problem:
        raise from_validation(problem.errors(), skip=0, document=document) from None
    name = None if is_known else (customer.get("name") or "")[:200] or None
    return Read(f"{mapping.origin}:{external_id}", entry, name, version)


def _told(cells: Sequence[str], header: Sequence[str], mapping: Mapping) -> dict[str, str]:
    told: dict[str, str] = {}
    for column, cell in zip(header, cells, strict=True):
        field, value = mapping.columns.get(column), unquoted(cell.strip())
        if field is None or not value:
            continue
        told[field] = SEVERAL[field].join((told[field], value)) if field in told else value
    return told


def _typed(told: dict[str, str], mapping: Mapping) -> dict[str, Any]:
    document: dict[str, Any] = {
        field: value for field, value in told.items() if "." not in field and field not in ("score", "occurred_at")
    }
    if "channel" in document:
        document["channel"] = document["channel"].lower().replace(" ", "_")
    if "occurred_at" in told:
        document["occurred_at"] = moment_of(told["occurred_at"], mapping.times, mapping.timezone)
        if document["occurred_at"] is None:
            detail = "This is no time that can be read; name its format in `times` of the mapping."
            raise Unacceptable.field("/occurred_at", "time", detail)
    score = _score(told, mapping)
    if score is not None:
        document["score"] = score
    document["dimensions"] = {
        field.removeprefix(DIMENSION): value for field, value in told.items() if field.startswith(DIMENSION)
    }
    return document


def _score(told: dict[str, str], mapping: Mapping) -> dict[str, Any] | None:
    """None for values that are no scores, if the line itself says of what kind they are."""
    written = told.get("score", "")
    scale = mapping.scale
    if plain(written) in _NO_SCORE:
        return None
    kind = _KINDS.get(plain(told["score.kind"])) if "score.kind" in told else scale.kind
    if kind is None:
        return None
    value = number_of(written, mapping.words)
    if value is None:
        detail = "This is no number; say in `words` of the mapping what it is worth."
        raise Unacceptable.field("/score", "score", detail)
    bounds = {"minimum": scale.minimum, "maximum": scale.maximum} if kind == scale.kind else {}
    return {"kind": kind, "value": value, **bounds}


def _exists(field: str) -> bool:
    if not field.startswith(DIMENSION):
        return field in FIELDS
    return _DIMENSION_NAME.fullmatch(field.removeprefix(DIMENSION)) is not None
