"""What is no question: wanting a person, anger, matters of law."""

import pytest

from services.tickets.assistant.signals import (
    agrees,
    asks_for_person,
    asks_for_status,
    chosen,
    is_angry,
    is_for_people,
)

WANTS_A_PERSON = [
    *("human, please", "Human please!", "I want to talk to a real person", "agent", "can I speak to somebody real"),
    *("Mensch, bitte", "Ich möchte mit einem Menschen sprechen", "mit einem Mitarbeiter reden"),
    *("humain s'il vous plaît", "Je voudrais parler à un conseiller", "parler à quelqu’un"),
    *("humano, por favor", "quiero hablar con una persona", "páseme con un agente"),
    *("umano, per favore", "vorrei parlare con un operatore", "voglio una persona vera"),
    *("humano, por favor", "quero falar com uma pessoa", "preciso falar com um atendente"),
    *("mens, alsjeblieft", "ik wil een medewerker spreken", "een mens graag"),
    *("I don't want a bot, not a bot please", "kein Roboter mehr", "HUMAN PLEASE"),
]
WANTS_NONE = [
    *("How many persons fit into the tent?", "Can I give the boots to another person as a present?"),
    *("Wie viele Personen passen hinein?", "¿Cuántas personas caben?", "My agency needs an invoice"),
    *("Where is my parcel?", "Is the human rights charity still supported?", "Hoe lang duurt het?"),
]


@pytest.mark.parametrize("said", WANTS_A_PERSON)
def test_who_wants_a_person_is_understood(said: str) -> None:
    assert asks_for_person(said)


@pytest.mark.parametrize("said", WANTS_NONE)
def test_who_speaks_of_persons_does_not_want_one(said: str) -> None:
    assert not asks_for_person(said)


@pytest.mark.parametrize(
    "said",
    [
        *("This is ridiculous", "das ist eine Frechheit", "c’est inadmissible", "esto es una vergüenza"),
        *("è una vergogna", "isto é inaceitável", "dit is belachelijk", "WHERE IS MY PARCEL!"),
    ],
)
def test_anger_is_heard(said: str) -> None:
    assert is_angry(said)


@pytest.mark.parametrize("said", ["Where is my parcel?", "OK!", "I love it"])
def test_calm_is_no_anger(said: str) -> None:
    assert not is_angry(said)


def test_matters_for_people_are_those_of_law_and_of_the_account() -> None:
    assert is_for_people("You will hear from my lawyer", [])
    assert is_for_people("I want a Goodwill  discount", ["goodwill discount"])
    assert not is_for_people("I want a discount", ["goodwill discount"])


@pytest.mark.parametrize(
    "said", ["status of my order", "where is my ticket", "Wie ist der Stand meiner Anfrage?", "où en est ma demande"]
)
def test_a_question_for_the_status_is_understood(said: str) -> None:
    assert asks_for_status(said)


def test_yes_is_yes_and_nothing_else() -> None:
    assert agrees("Yes, please")
    assert agrees("ja bitte!")
    assert not agrees("yes but where is it")


def test_what_was_offered_is_chosen_by_number_or_title() -> None:
    offered = {"a": "Returning something", "b": "Shipping times"}
    assert chosen("2.", offered) == "b"
    assert chosen("shipping", offered) == "b"
    assert chosen("3", offered) is None
    assert chosen("Something else", offered) is None
