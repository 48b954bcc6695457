"""Everything that is wrong with a definition, at once and without side effects."""

from collections.abc import Sequence
from datetime import date

from services.survey.definition.document import Definition
from services.survey.definition.faults import limits, looks, names, references, reviews, ways, words
from services.survey.definition.faults.fault import Fault

# Each knows one kind of fault, whatever the others find.
_EVERY = (names, references, ways, limits, words, reviews, looks)


def faults_in(definition: Definition, today: date | None = None) -> Sequence[Fault]:
    """Errors first, each kind in the order of the document. Without `today` what depends on the day is left out."""
    found = [fault for kind in _EVERY for fault in kind.faults(definition)]
    if today is not None:
        found += limits.faults_on(definition, today)
    return sorted(found, key=lambda fault: fault.severity != "error")
