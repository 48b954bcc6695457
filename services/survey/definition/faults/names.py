"""Names that two things share, or that mean something already."""

from collections.abc import Iterable, Iterator

from services.survey.definition.document import END, Definition
from services.survey.definition.facts import OTHER
from services.survey.definition.faults.fault import Fault, error

# What the address of the hosted page means by itself.
OF_THE_PAGE = frozenset({"attempt", "lang", "score"})
# What a response that came too late says it was over.
OF_THE_LIMIT = "responses"


def faults(definition: Definition) -> Iterator[Fault]:
    places = [
        (f"/pages/{page_number}/questions/{number}/key", question.key)
        for page_number, page in enumerate(definition.pages)
        for number, question in enumerate(page.questions)
    ]
    yield from _twice(places, "question")
    targets = [(f"/pages/{number}/key", page.key) for number, page in enumerate(definition.pages)]
    targets += [(f"/endings/{number}/key", ending.key) for number, ending in enumerate(definition.endings)]
    yield from _twice(targets, "page or ending")
    for pointer, key in targets:
        if key == END:
            yield error(pointer, "reserved_key", f"`{END}` means the end of the survey in jumps; choose another key.")
    for name in ("variables", "hidden_fields", "quotas"):
        each = [(f"/{name}/{number}/key", thing.key) for number, thing in enumerate(getattr(definition, name))]
        yield from _twice(each, name.rstrip("s").replace("_", " "))
    for number, quota in enumerate(definition.quotas):
        if quota.key == OF_THE_LIMIT:
            detail = f"`{OF_THE_LIMIT}` is the survey's response limit; choose another key."
            yield error(f"/quotas/{number}/key", "reserved_key", detail)
    yield from _hidden_fields(definition, {key for _, key in places})
    yield from _twice([(f"/locales/{number}", locale) for number, locale in enumerate(definition.locales)], "language")
    yield from _options(definition)


def _hidden_fields(definition: Definition, questions: set[str]) -> Iterator[Fault]:
    for number, field in enumerate(definition.hidden_fields):
        pointer = f"/hidden_fields/{number}/key"
        if field.key in questions:
            detail = f"`{field.key}` is a question too; in a link nobody could tell which is meant."
            yield error(pointer, "key_used_twice", detail)
        elif field.key in OF_THE_PAGE:
            yield error(pointer, "reserved_key", f"`{field.key}` means something in links already; choose another key.")


def _options(definition: Definition) -> Iterator[Fault]:
    for page_number, page in enumerate(definition.pages):
        for number, question in enumerate(page.questions):
            for name in ("options", "items", "rows", "columns"):
                place = f"/pages/{page_number}/questions/{number}/{name}"
                ids = [(f"{place}/{index}/id", each.id) for index, each in enumerate(getattr(question, name, ()))]
                yield from _twice(ids, "id")
                if getattr(question, "other", False):
                    for pointer, id in ids:
                        if id == OTHER:
                            detail = f"`{OTHER}` stands for the answer in own words here; choose another id."
                            yield error(pointer, "reserved_key", detail)


def _twice(places: Iterable[tuple[str, str]], what: str) -> Iterator[Fault]:
    first: dict[str, str] = {}
    for pointer, key in places:
        if first.setdefault(key, pointer) != pointer:
            yield error(pointer, "key_used_twice", f"The {what} `{key}` is there already, at {first[key]}.")
