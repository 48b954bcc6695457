"""Pages that nobody comes to, and jumps that lead nowhere or in a circle."""

from collections.abc import Iterator

from services.survey.definition.document import END, Definition
from services.survey.definition.faults.fault import Fault, error, warning
from services.survey.definition.questions import Statement


def faults(definition: Definition) -> Iterator[Fault]:
    places = {page.key: number for number, page in reversed(list(enumerate(definition.pages)))}
    endings = {ending.key for ending in definition.endings}
    for number, page in enumerate(definition.pages):
        is_decided = False
        for index, jump in enumerate(page.jumps):
            pointer = f"/pages/{number}/jumps/{index}"
            if is_decided:
                detail = "The jump before this one is always taken, so this one never is."
                yield warning(pointer, "never_taken", detail)
            is_decided = is_decided or jump.when is None
            if jump.to not in (END, *endings, *places):
                detail = f"There is no page and no ending `{jump.to}`."
                yield error(f"{pointer}/to", "unknown_target", detail)
            elif places.get(jump.to, number + 1) <= number:
                back = "itself" if places[jump.to] == number else f"`{jump.to}`, which comes before it"
                detail = f"`{page.key}` would lead back to {back}: a loop. Jumps only lead onwards."
                yield error(f"{pointer}/to", "loop", detail)
    yield from _unreachable_pages(definition, places)
    yield from _unreachable_endings(definition)
    for index, quota in enumerate(definition.quotas):
        if quota.ending is not None and quota.ending not in endings:
            yield error(f"/quotas/{index}/ending", "unknown_target", f"There is no ending `{quota.ending}`.")
    if all(isinstance(question, Statement) for question in definition.questions):
        yield error("/pages", "asks_nothing", "There is nothing to answer in this survey. Add a question.")


def _unreachable_pages(definition: Definition, places: dict[str, int]) -> Iterator[Fault]:
    reached = {0}
    for number, page in enumerate(definition.pages):
        if number not in reached:
            detail = f"Nobody comes to `{page.key}`: every way leads past it."
            yield error(f"/pages/{number}", "unreachable_page", detail)
            continue
        reached |= {places[jump.to] for jump in page.jumps if jump.to in places}
        if all(jump.when is not None for jump in page.jumps):
            reached.add(number + 1)


def _unreachable_endings(definition: Definition) -> Iterator[Fault]:
    chosen = {jump.to for page in definition.pages for jump in page.jumps}
    chosen |= {quota.ending for quota in definition.quotas if quota.ending is not None}
    is_decided = False
    for index, ending in enumerate(definition.endings):
        if is_decided and ending.key not in chosen:
            detail = f"Nobody comes to `{ending.key}`: an ending before it takes everybody. Give that one a `when`."
            yield warning(f"/endings/{index}", "unreachable_ending", detail)
        is_decided = is_decided or (ending.when is None and ending.key not in chosen)
