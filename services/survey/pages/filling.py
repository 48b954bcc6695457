"""One filling-in of a survey as a form: which page comes next, what is wrong, what is carried along.

Nothing is kept between two requests but what the form itself carries: all that was entered so far, and which pages were
left. All of it is checked again each time, so there is nothing to be gained by changing it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from services.survey.definition.answers import Checked, check
from services.survey.definition.document import Definition, Page
from services.survey.definition.facts import Attempt
from services.survey.definition.flow import Walk, walk
from services.survey.definition.questions import File, Question, Ranking
from services.survey.pages.fields import Fields, answers_in, names_of, shared_places
from services.survey.pages.problems import SHARED_PLACES, Wrong

Go = Literal["next", "back", "look", "later", "seen", "keep", "leave"]
# The form's own fields. No question is called so: keys do not begin with a dot.
# The button that was pressed, and the one of a language.
GO: Final = ".go"
CHOSEN_LANG: Final = ".choose"
LEFT: Final = ".left"
SHOWN: Final = ".shown"
SUBMISSION: Final = ".submission"
LANG: Final = ".lang"
# Of the survey, as it was shown first: it is answered as it was asked.
VERSION: Final = ".version"
# When the first page was shown, how long each question had somebody's attention, and against programs a field that
# nobody sees and a little arithmetic (see `responses/suspicion.py`).
STAMP: Final = ".stamp"
SPENT: Final = ".spent"
TRAP: Final = ".website"
PROOF: Final = ".proof"


@dataclass(frozen=True, slots=True)
class Filling:
    """What is known of it before the form is looked at. `today` as ISO 8601."""

    definition: Definition
    entered: Fields
    hidden: Mapping[str, str]
    language: str
    channel: str
    today: str
    # Files that came with the form and were not taken.
    refused: Sequence[Wrong] = ()

    @property
    def left(self) -> Sequence[str]:
        return _left(self)

    def text(self, name: str) -> str:
        """One of the form's own fields."""
        return next(iter(self.entered.get(name, ())), "")

    def attempt(self, left: Iterable[str] | None) -> Attempt:
        questions = list(self.definition.questions)
        answers = answers_in(questions, self.entered)
        pages = None if left is None else frozenset(left)
        return Attempt(answers, self.hidden, self.language, self.channel, self.today, pages)


@dataclass(frozen=True, slots=True)
class Step:
    """A page to be filled in. `left`: the pages before it. `grown`: its answers have led to more questions on it."""

    page: Page
    questions: Sequence[Question]
    required: frozenset[str]
    left: Sequence[str]
    walk: Walk
    is_last: bool
    wrong: Sequence[Wrong] = ()
    grown: bool = False
    # What was entered for the questions of other pages.
    carried: Sequence[tuple[str, str]] = field(default=())

    @property
    def is_first(self) -> bool:
        return not self.left

    @property
    def takes_files(self) -> bool:
        return any(isinstance(question, File) for question in self.questions)


def first_step(filling: Filling) -> Step:
    """Where somebody begins, or goes on who has come back: `filling.entered` holds what is known of them."""
    return _step(filling, walk(filling.definition, filling.attempt(_left(filling))))


def next_step(filling: Filling, go: Go) -> Step | Checked:
    """The page to be shown, or all that was answered, once there is nothing left to ask and nothing is wrong."""
    left = _left(filling)
    here = walk(filling.definition, filling.attempt(left))
    if here.page is None:
        return _finish(filling, here)
    if go not in ("next", "back"):
        return _step(filling, here, wrong=filling.refused)
    if go == "back":
        before = [page.key for page in here.pages[:-2]]
        return _step(filling, walk(filling.definition, filling.attempt(before)))
    shown = _list(filling.entered, SHOWN)
    asked = [question.key for question in here.page.questions if question.key in here.asked]
    if shown and not set(asked) <= set(shown):
        wrong = [one for one in _wrong(filling, _left_after(here)) if one.question in shown]
        return _step(filling, here, wrong=wrong, grown=True)
    return _finish(filling, here)


def _finish(filling: Filling, here: Walk) -> Step | Checked:
    left = _left_after(here)
    wrong = _wrong(filling, left)
    if wrong:
        return _step(filling, _until(filling, here, {one.question for one in wrong}), wrong=wrong)
    checked = check(filling.definition, filling.attempt(left), complete=True)
    return checked if checked.walk.page is None else _step(filling, checked.walk)


def _wrong(filling: Filling, left: Sequence[str]) -> list[Wrong]:
    """In the order of the questions."""
    checked = check(filling.definition, filling.attempt(left), complete=True)
    asked = checked.walk.asked
    places = [
        Wrong(key, SHARED_PLACES)
        for key, question in asked.items()
        if isinstance(question, Ranking) and shared_places(question, filling.entered)
    ]
    told = {one.question for one in (*places, *filling.refused)}
    # Not on the form: only somebody who makes up forms is refused it, and is not asked again.
    rules = [Wrong.of(problem) for problem in checked.problems if problem.question in asked]
    order, here = list(asked), [one for one in filling.refused if one.question in asked]
    return sorted(
        [*places, *here, *(one for one in rules if one.question not in told)], key=lambda one: order.index(one.question)
    )


def _until(filling: Filling, here: Walk, keys: set[str]) -> Walk:
    """The first page on the way that has one of these questions."""
    before: list[str] = []
    for page in here.pages:
        if any(question.key in keys for question in page.questions):
            break
        before.append(page.key)
    return walk(filling.definition, filling.attempt(before))


def _step(filling: Filling, way: Walk, *, wrong: Sequence[Wrong] = (), grown: bool = False) -> Step:
    page = way.page or way.pages[-1]
    questions = [question for question in page.questions if question.key in way.asked]
    keys = {question.key for question in questions}
    whole = walk(filling.definition, filling.attempt(None)) if len(filling.definition.pages) > 1 else way
    return Step(
        page=page,
        questions=questions,
        required=way.required,
        left=[each.key for each in way.pages if each is not page],
        walk=way,
        is_last=whole.pages[-1].key == page.key,
        wrong=[one for one in wrong if one.question in keys],
        grown=grown,
        carried=list(_carried(filling, keys)),
    )


def _carried(filling: Filling, shown: set[str]) -> Iterable[tuple[str, str]]:
    for question in filling.definition.questions:
        if question.key not in shown:
            for name in names_of(question):
                for value in filling.entered.get(name, ()):
                    yield name, value


def _left(filling: Filling) -> list[str]:
    known = {page.key for page in filling.definition.pages}
    return [key for key in _list(filling.entered, LEFT) if key in known]


def _left_after(here: Walk) -> list[str]:
    return [page.key for page in here.pages]


def _list(entered: Fields, name: str) -> list[str]:
    values: Any = entered.get(name, ())
    return [key for value in values for key in value.split(",") if key]
