"""What changed, in words."""

from services.survey.surveys.differences import differences
from tests.survey.definition.making import definition, page, question

BEFORE = definition(page("p", question("score", "csat"), question("why"), question("mail", "email")))


class TestDifferences:
    def test_there_are_none_between_equals(self) -> None:
        assert differences(BEFORE, BEFORE.model_copy(deep=True)) == []

    def test_each_is_said_where_it_is(self) -> None:
        after = definition(
            page(
                "p",
                question("why", title={"en": "Why so?"}),
                question("score", "csat", points=7),
                question("phone", "phone"),
            ),
            anonymous=True,
        )
        assert [(each.change, each.pointer, each.detail) for each in differences(BEFORE, after)] == [
            ("removed", "/pages/0/questions/2", "page `p`, question `mail` was removed."),
            (
                "changed",
                "/pages/0/questions/0/title/en",
                "page `p`, question `why`, title, en: “Why” became “Why so?”.",
            ),
            ("changed", "/pages/0/questions/1/points", "page `p`, question `score`, points: 5 became 7."),
            ("added", "/pages/0/questions/2", "page `p`, question `phone` was added."),
            ("changed", "/pages/0/questions", "page `p`, questions: the order became why, score."),
            ("changed", "/anonymous", "anonymous: no became yes."),
        ]
