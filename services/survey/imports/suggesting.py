"""What the columns of a file seem to be: by the export that it is, by their names, by what is in them."""

import re
import unicodedata
from collections.abc import Mapping as Mapping_
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from services.survey.entries.schemas import MOST_DIMENSIONS
from services.survey.hearing.canonical import RatingKind
from services.survey.imports.cells import moment_of, number_of
from services.survey.imports.fields import DIMENSION, SEVERAL
from services.survey.imports.formats import Format, plain
from services.survey.imports.schemas import Mapping, Scale
from shared.imports.reports import REPORT_COLUMNS, reported

_NAMES: Final[Mapping_[str, str]] = {
    name: field
    for field, names in {
        "external_id": "id externalid feedbackid responseid reviewid",
        "occurred_at": "date datetime time timestamp createdat submittedat occurredat reviewdate datum fecha data",
        "score": "score rating stars nps csat ces bewertung note puntuacion pontuacao",
        "title": "title subject headline titel titulo",
        "text": "text comment comments feedback review message body kommentar comentario commentaire",
        "language": "language lang locale sprache idioma langue",
        "channel": "channel kanal canal",
        "url": "url link permalink",
        "order_ref": "order orderid ordernumber bestellnummer",
        "product_ref": "product productid sku produkt producto produto produit",
        "location_ref": "location store branch filiale",
        "touchpoint": "touchpoint",
        "customer.external_id": "customerid clientid userid kundennummer",
        "customer.email": "email emailaddress mail customeremail adresseemail correo",
        "customer.phone": "phone phonenumber mobile telefon telefono telefone",
        "customer.name": "name fullname customername author firstname lastname vorname nachname",
    }.items()
    for name in names.split()
}
# How days are written where a time is not ISO 8601, those first that leave least in doubt.
_DAYS: Final = (
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d-%m-%Y",
    "%b %d, %Y",
    "%d %b %Y",
    "%B %d, %Y",
    "%a %b %d %Y",
)
_HOURS: Final = ("", " %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p", ", %H:%M", ", %I:%M %p")
_RECOMMENDS: Final = re.compile(r"recommend|\bnps\b|empfehl|recomend", re.IGNORECASE)
_SATISFIED: Final = re.compile(r"satisf|csat|zufrieden", re.IGNORECASE)
_EFFORT: Final = re.compile(r"effort|\beasy\b|\bces\b", re.IGNORECASE)
_WORDY: Final = 40


def suggest(
    header: Sequence[str], samples: Sequence[Sequence[str]], known: Format | None, *, timezone: str | None
) -> Mapping:
    """A mapping to look at: what is not known stays a dimension if it is short, and is left out if not. `timezone`: the
    account's, which times are most likely in if they name none."""
    cells = {
        column: [row[place].strip() for row in samples if place < len(row) and row[place].strip()]
        for place, column in enumerate(header)
        if column
    }
    ours = () if reported(header) is None else REPORT_COLUMNS
    # What a name says goes before what is only guessed.
    columns = {column: None if column in ours else _by_name(column, known) for column in cells}
    for column in cells:
        if columns[column] is None and not (column in ours or _is_known(column, known)):
            columns[column] = _by_content(column, cells[column], columns)
    columns = _unique(columns)
    scored = next((column for column, field in columns.items() if field == "score"), None)
    times = [cell for column, field in columns.items() if field == "occurred_at" for cell in cells[column]]
    return Mapping(
        columns=_limited(columns),
        origin=known.key if known else "file",
        kind=known.kind if known else "survey",
        channel=known.channel if known else "import",
        scale=_scale(scored, cells.get(scored or "", []), known.scale if known else None),
        words=dict(known.words) if known else {},
        times=_times(times),
        timezone=known.timezone if known and known.timezone else timezone,
    )


def _is_known(column: str, known: Format | None) -> bool:
    return known is not None and (plain(column) in known.columns or plain(column).endswith(known.asides))


def _by_name(column: str, known: Format | None) -> str | None:
    name = plain(column)
    return known.columns[name] if known is not None and name in known.columns else _NAMES.get(name)


def _unique(columns: Mapping_[str, str | None]) -> dict[str, str | None]:
    """The first of several columns for one field, if there can be but one."""
    found: dict[str, str | None] = {}
    for column, field in columns.items():
        found[column] = None if field in found.values() and field not in SEVERAL else field
    return found


def _by_content(column: str, cells: Sequence[str], taken: Mapping_[str, str | None]) -> str | None:
    """A question of a survey, say."""
    if not cells:
        return None
    numbers = [number_of(cell, {}) for cell in cells]
    if "score" not in taken.values() and all(each is not None and 0 <= each <= 10 for each in numbers):
        return "score"
    if max(map(len, cells)) >= _WORDY and any(" " in cell for cell in cells):
        return "text"
    return _as_dimension(column)


def _as_dimension(column: str) -> str | None:
    folded = unicodedata.normalize("NFKD", column.casefold())
    name = re.sub(r"[^a-z0-9]+", "_", "".join(each for each in folded if not unicodedata.combining(each)))
    name = re.sub(r"^[^a-z]+", "", name)[:40].strip("_")
    return DIMENSION + name if name else None


def _limited(columns: Mapping_[str, str | None]) -> dict[str, str | None]:
    dimensions = [column for column, field in columns.items() if field and field.startswith(DIMENSION)]
    return dict(columns) | dict.fromkeys(dimensions[MOST_DIMENSIONS:])


def _scale(column: str | None, cells: Sequence[str], usual: RatingKind | None) -> Scale:
    if column is None or usual is not None:
        return Scale(kind=usual or "stars")
    numbers = [number for cell in cells if (number := number_of(cell, {})) is not None]
    lowest, highest = min(numbers, default=Decimal(1)), max(numbers, default=Decimal(5))
    if _RECOMMENDS.search(column):
        return Scale(kind="nps")
    if _EFFORT.search(column) and highest <= 7:
        return Scale(kind="ces")
    kind: RatingKind = "csat" if _SATISFIED.search(column) else "stars"
    if highest <= 5 and lowest >= 1:
        return Scale(kind=kind)
    return Scale(kind=kind, minimum=min(lowest, Decimal(1)), maximum=Decimal(10 if highest > 5 else 5))


def _times(cells: Sequence[str]) -> list[str]:
    """The format that reads them all, if they need one. Where day and month cannot be told apart, month first."""
    unread = [cell for cell in cells if moment_of(cell, [], None) is None]
    if not unread:
        return []
    formats = (day + hour for day in _DAYS for hour in _HOURS)
    return next(([each] for each in formats if all(_fits(cell, each) for cell in unread)), [])


def _fits(cell: str, format_: str) -> bool:
    try:
        return datetime.strptime(cell, format_) is not None  # noqa: DTZ007 - its zone is of no interest here
    except ValueError:
        return False
