"""Personal data in a text, put out of sight before the text leaves Heed.

Cards by their check digit (ISO/IEC 7812, Luhn), IBANs by theirs (ISO 13616, modulo 97), telephone numbers by the plans
that `phonenumbers` knows, and e-mail addresses. In doubt it masks: an order number that could be a telephone number is
lost to the reader. Names and addresses of houses stay, since nothing offline finds them reliably.
"""

import re
from typing import Final

import phonenumbers

_EMAIL: Final = re.compile(r"[\w.+%'-]{1,64}@(?:[\w-]{1,63}\.){1,8}\w{2,24}")
_IBAN: Final = re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{1,4}){3,10}\b", re.IGNORECASE)
_CARD: Final = re.compile(r"(?<!\w)\d(?:[ .-]?\d){11,18}(?!\w)")
_PHONE: Final = re.compile(r"(?<![\w.])(?:\+|\(\+?)?\d(?:[ ./()-]{0,2}\d){6,15}(?!\w)")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}[./-]\d{1,2}[./-]\d{4}")
_NO_DIGIT: Final = re.compile(r"\D")
_IBAN_LENGTHS: Final = range(15, 35)
# Where numbers without a country code may be at home: the large countries of Heed's languages.
_REGIONS: Final = ("US", "GB", "DE", "AT", "CH", "FR", "BE", "ES", "MX", "PT", "BR", "IT", "NL")
# Looking a number up takes a while. Who writes more than these has them all masked unseen.
_MOST_LOOKED_UP: Final = 50


def masked(text: str) -> str:
    """`text` with `[email]`, `[iban]`, `[card]` and `[phone]` where those stood. The time grows with its length."""
    text = _EMAIL.sub("[email]", text) if "@" in text else text
    text = _CARD.sub(_card, _IBAN.sub(_iban, text))
    looked_up = 0

    def phone(match: re.Match[str]) -> str:
        nonlocal looked_up
        looked_up += 1
        return "[phone]" if looked_up > _MOST_LOOKED_UP or _is_phone(match.group()) else match.group()

    return _PHONE.sub(phone, text)


def _iban(match: re.Match[str]) -> str:
    """What follows the number may look like a part of it: the longest beginning that checks."""
    written = match.group()
    ends = [at.end() for at in re.finditer(r"[A-Z0-9]+", written, re.IGNORECASE)]
    for end in reversed(ends):
        compact = re.sub(r"[ -]", "", written[:end]).upper()
        if len(compact) in _IBAN_LENGTHS and int(_as_digits(compact[4:] + compact[:4])) % 97 == 1:
            return "[iban]" + written[end:]
    return written


def _as_digits(compact: str) -> str:
    return "".join(str(int(letter, 36)) for letter in compact)


def _card(match: re.Match[str]) -> str:
    digits = [int(digit) for digit in _NO_DIGIT.sub("", match.group())]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return "[card]" if (sum(doubled) + sum(digits[::-2])) % 10 == 0 else match.group()


def _is_phone(written: str) -> bool:
    if _DATE.fullmatch(written):
        return False
    for region in (None,) if "+" in written else _REGIONS:
        try:
            number = phonenumbers.parse(written, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return True
    return False
