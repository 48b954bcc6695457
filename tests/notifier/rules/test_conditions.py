"""Conditions: what is accepted, what is refused and how it is named, what a condition that holds means."""

from typing import Any

import pytest

from services.notifier.rules import conditions
from services.notifier.rules.defaults import UNHAPPY
from shared.contracts.feedback import FeedbackReceived
from shared.expressions.conditions import holds
from shared.http.errors import Unacceptable

FEEDBACK = FeedbackReceived.TYPE


def seen(**data: Any) -> dict[str, Any]:
    return conditions.activation_of(data, id="1", type=FEEDBACK, subject="2", time="2026-03-02T09:00:00Z", actor="a:b")


SAID: dict[str, Any] = {
    **dict.fromkeys(("ticket_id", "automatic", "rating", "sentiment", "urgency")),
    "kind": "review",
    "removed": False,
}


class TestSaving:
    @pytest.mark.parametrize(
        "condition",
        [
            "",
            UNHAPPY,
            "data.rating != null && data.rating.value <= 6",
            'data.topics.exists(t, t.key == "delivery")',
            'data.topics.exists(t, t.key == "a") || data.topics.all(t, size(t.evidence) > 2)',
            'data.urgency != null && data.urgency.label == "urgent"',
            'data.topics.exists(t, t.parent == "delivery")',
            'data.dimensions["store"] == "Berlin"',
            'data.dimensions.store == "Berlin"',
            'data.text != null && data.text.contains("refund") || size(data.topics) > 3',
            'data.text.matches("(?i)late")',
            'timestamp(data.occurred_at) > timestamp("2026-01-01T00:00:00Z")',
            'event.actor.startsWith("human:")',
            "has(data.rating) && data.rating != null",
            '"data.nonsense" != "x"',
        ],
    )
    def test_accepts_what_makes_sense_of_the_event(self, condition: str) -> None:
        conditions.check(condition, FEEDBACK)

    @pytest.mark.parametrize(
        ("condition", "named"),
        [
            ("data.raiting.value < 3", "`data.raiting`"),
            ("data.rating.stars < 3", "`data.rating.stars`"),
            ("true || data.nonsense == 1", "`data.nonsense`"),
            ("event.nonsense == 1", "`event.nonsense`"),
            ("score < 3", "`score`"),
            ("data . rating . stars == 1", "`data.rating.stars`"),
            ("data.topics.exists(t, t.key == data.nonsense)", "`data.nonsense`"),
        ],
    )
    def test_names_a_field_that_the_event_does_not_have(self, condition: str, named: str) -> None:
        with pytest.raises(Unacceptable, match=named) as caught:
            conditions.check(condition, FEEDBACK)
        assert caught.value.errors[0].pointer == "/condition"
        assert caught.value.errors[0].code == "unknown_field"

    @pytest.mark.parametrize(
        ("condition", "code"),
        [
            ("((", "syntax"),
            ("data.rating.value", "not_boolean"),
            ('"yes"', "not_boolean"),
            ('data.rating.value + "x" == "y"', "dry_run"),
            ("open('/etc/passwd') == ''", "dry_run"),
            ("data.text == '" + "a" * 2_000 + "'", "too_long"),
            ("(" * 21 + "true" + ")" * 21, "too_deep"),
            ("[1].exists(a, [1].exists(b, a == b))", "too_costly"),
            ("[1].map(a, (([2].filter (b, a == b)))).size() == 1", "too_costly"),
        ],
    )
    def test_refuses_what_cannot_decide_anything(self, condition: str, code: str) -> None:
        with pytest.raises(Unacceptable) as caught:
            conditions.check(condition, FEEDBACK)
        assert caught.value.errors[0].code == code


class TestWhatIsSaid:
    @pytest.mark.parametrize(
        ("condition", "sentence"),
        [
            ("data.rating ==", "at column 15: it ends where a field or a value should follow."),
            ("data.rating = 1", "at column 13: `=` does not belong here (write `==`)."),
            ("data.text == 'a' and true", "at column 18: `and` stands where an operator such as `==` or `&&` should"),
            ("data.rating != null && (true", "at column 29: `)` is missing."),
            ("data.text ==\n 'late", "at line 2, column 2: the text that begins here has no closing quotation mark."),
            ("foo bar", "at column 5: `bar` stands where an operator or the end should."),
            ("data..text", "at column 6: `..` does not belong here."),
            ("has(data)", "at column 5: invalid argument to has() macro."),
            ("data.text < 3", "Values of kinds that do not go together"),
            ("launch(data.text)", "There is no function `launch` for what it is given here."),
        ],
    )
    def test_is_one_sentence_and_nothing_of_the_parser(self, condition: str, sentence: str) -> None:
        with pytest.raises(Unacceptable) as caught:
            conditions.check(condition, FEEDBACK)
        detail = caught.value.errors[0].detail
        assert sentence in detail
        assert not any(word in detail for word in ("ERROR", "<input>", "<EOF>", "IDENTIFIER", "\n"))

    def test_what_only_the_real_event_can_tell_is_not_refused(self) -> None:
        for condition in ("data.topics[5].key == 'a'", "data.rating.value / (data.rating.value - 1) > 2"):
            conditions.check(condition, FEEDBACK)


class TestDeciding:
    @pytest.mark.parametrize(
        ("rating", "sentiment", "ticket_id", "is_unhappy"),
        [
            ("negative", None, None, True),
            ("neutral", "negative", None, False),
            ("positive", None, None, False),
            (None, "negative", None, True),
            (None, "positive", None, False),
            (None, None, None, False),
            ("negative", None, "t", False),
        ],
    )
    def test_who_is_unhappy(
        self, rating: str | None, sentiment: str | None, ticket_id: str | None, is_unhappy: bool
    ) -> None:
        data = SAID | {
            "ticket_id": ticket_id,
            "rating": {"band": rating} if rating else None,
            "sentiment": {"label": sentiment} if sentiment else None,
        }
        assert holds(UNHAPPY, seen(**data))[0] is is_unhappy

    @pytest.mark.parametrize(
        ("said", "waits"),
        [
            ({"kind": "message"}, True),
            ({"kind": "message", "automatic": "auto_reply"}, False),
            ({"rating": {"band": "positive"}, "urgency": {"label": "urgent"}}, True),
            ({"rating": {"band": "negative"}, "removed": True}, False),
            ({"rating": {"band": "negative"}, "kind": "mention"}, False),
        ],
    )
    def test_who_waits_for_an_answer(self, said: dict[str, Any], waits: bool) -> None:
        assert holds(UNHAPPY, seen(**SAID | said))[0] is waits

    def test_a_field_that_is_missing_means_no_and_says_which(self) -> None:
        assert holds("data.rating.value < 7", seen()) == (False, "there is no field 'rating'")

    def test_types_that_do_not_fit_mean_no(self) -> None:
        held, reason = holds("data.rating < 7", seen(rating="two"))
        assert not held
        assert reason is not None
        assert "could not be evaluated" in reason

    def test_nor_does_a_division_by_nothing_or_a_place_that_is_not_there(self) -> None:
        for condition in ("1 / data.number > 2", "data.topics[5] == 1"):
            held, reason = holds(condition, seen(number=0, topics=[]))
            assert not held
            assert reason is not None
            assert "could not be evaluated" in reason

    def test_no_condition_always_holds(self) -> None:
        assert holds("", seen()) == (True, None)
