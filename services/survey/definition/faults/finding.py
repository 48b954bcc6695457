"""Everything that is wrong with a definition, at once and without side effects."""

from collections.abc import Sequence

from services.survey.definition.document import Definition
from services.survey.definition.faults import limits, looks, names, references, reviews, ways, words
from services.survey.definition.faults.fault import Fault

# Each knows one kind of fault, whatever the others find.
_EVERY = (names, references, ways, limits, words, reviews, looks)


def faults_in(definition: Definition) -> Sequence[Fault]:
    """Errors first, each kind in the order of the document."""
    found = [fault for kind in _EVERY for fault in kind.faults(definition)]
    return sorted(found, key=lambda fault: fault.severity != "error")
