"""What is cut out of a reply: by words of mail programs in eight languages, and never for long."""

import time

import pytest

from services.survey.mail.visible import QUOTE_FOLLOWS, visible_reply

REPLY = "It has still not come.\n\nPlease call me."
ATTRIBUTIONS = [
    "On Mon, Mar 2, 2026 at 9:30 AM Shop <support@shop.example> wrote:",
    "On Mon, Mar 2, 2026 at 9:30 AM Shop\n<support@shop.example> wrote:",
    "Am Mo., 2. März 2026 um 09:30 Uhr schrieb Shop <support@shop.example>:",
    "Le lun. 2 mars 2026 à 09:30, Shop <support@shop.example> a écrit :",
    "El lun, 2 mar 2026 a las 9:30, Shop (<support@shop.example>) escribió:",
    "Em seg., 2 de mar. de 2026 às 09:30, Shop <support@shop.example> escreveu:",
    "Il giorno lun 2 mar 2026 alle ore 09:30 Shop <support@shop.example> ha scritto:",
    "Op ma 2 mrt 2026 om 09:30 schreef Shop <support@shop.example>:",
    "2026-03-02 9:30 GMT+01:00 Shop <support@shop.example>:",
    "---- On Mon, 02 Mar 2026 09:30:00 +0100 Shop <support@shop.example> wrote ----",
]
HEADS = [
    "From: Shop <support@shop.example>\nSent: Monday, March 2, 2026 9:30 AM\nTo: Ana\nSubject: Re: Order",
    "*From:* Shop\n*Sent:* Monday\n*To:* Ana",
    "________________________________\nVon: Shop <support@shop.example>\nGesendet: Montag\nAn: Ana\nBetreff: Re: Order",
    "De : Shop\nEnvoyé : lundi 2 mars\nÀ : Ana\nObjet : Re: Order",
    "De: Shop\nEnviado: lunes\nPara: Ana\nAsunto: Re: Order",
    "-----Original Message-----\nFrom: Shop",
    "-----Ursprüngliche Nachricht-----\nVon: Shop",
    "---------- Forwarded message ---------\nFrom: Shop",
    QUOTE_FOLLOWS,
]
DEVICES = [
    "Sent from my iPhone",
    "Get Outlook for iOS",
    "Get Outlook for Android<https://aka.ms/x>",
    "Von meinem iPhone gesendet",
    "Gesendet von Outlook für Android",
    "Envoyé de mon iPhone",
    "Enviado desde mi iPhone",
    "Enviado do meu iPhone",
    "Inviato da iPhone",
    "Verstuurd vanaf mijn iPhone",
]


@pytest.mark.parametrize("line", ATTRIBUTIONS)
@pytest.mark.parametrize("quoted", ["> We are on it.\n>\n> Shop", "We are on it.\n\nShop"])
def test_what_is_answered_is_cut(line: str, quoted: str) -> None:
    assert visible_reply(f"{REPLY}\n\n{line}\n\n{quoted}\n") == REPLY


@pytest.mark.parametrize("head", HEADS)
def test_what_other_programs_append_is_cut(head: str) -> None:
    assert visible_reply(f"{REPLY}\r\n\r\n{head}\r\n\r\nWe are on it.\r\n") == REPLY


@pytest.mark.parametrize("line", DEVICES)
def test_what_a_device_says_of_itself_is_cut(line: str) -> None:
    assert visible_reply(f"{REPLY}\n\n{line}\n\n{ATTRIBUTIONS[0]}\n> We are on it.") == REPLY


@pytest.mark.parametrize("signature", ["-- \nAna Silva\n+351 912 345 678", "--\nAna", "-Ana Silva", "__\nAna"])
def test_a_signature_is_cut(signature: str) -> None:
    assert visible_reply(f"{REPLY}\n\n{signature}\n") == REPLY


@pytest.mark.parametrize(
    "text",
    [
        "On Monday 2 parcels came.\nOne was empty.",
        "On 2 March you wrote: tomorrow. It is still not here.",
        "Am 2. März kam nichts an.",
        "From: your shop\n\nI ordered two boxes.",
        "Sent from my desk, which is where I read your mails.",
        "I want:\n - a new box\n - my money",
        "- one\n- two\n- three",
        "It was -5 degrees.",
        "--\n" + "\n".join(f"Line {number} of a long letter." for number in range(20)),
    ],
)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert visible_reply(text) == text.strip()


def test_answers_between_quoted_lines_stay_with_what_they_answer() -> None:
    text = f"{ATTRIBUTIONS[0]}\n> When?\n\nOn Monday.\n\n> Where?\n\nAt home.\n\n> Bye\n"
    assert visible_reply(text) == "On Monday.\n\n> Where?\n\nAt home."


def test_a_mail_that_is_only_passed_on_stays_whole() -> None:
    text = f"{HEADS[7]}\n\nThe box was broken."
    assert visible_reply(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "From: \n" * 40_000,
        "On 1 x\n" * 40_000,
        "On 1 " * 60_000,
        "--\n\n\n\n\n\n" * 30_000,
        "-a\n" * 60_000,
        "-----------\n" * 20_000,
        "On 1 wrote:\n>\n" * 20_000,
        " " * 200_000,
        "sent from my " + "a " * 100_000,
    ],
)
def test_no_text_takes_long(text: str) -> None:
    """Expressions over the whole text took hours for some of these."""
    started = time.process_time()
    visible_reply(text)
    assert time.process_time() - started < 5
