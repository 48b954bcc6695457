"""What a customer is recognised by, in the one form that is stored and compared."""

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

LONGEST_EXTERNAL_ID = 200
# RFC 5321, section 4.5.3.1 (with its brackets: 256), and RFC 5322, section 3.2.3.
LONGEST_EMAIL = 254
_PLAIN_LOCAL_PART = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
# Digits after the country code of numbers in ranges that are not known yet; emergency and service numbers have fewer.
SHORTEST_NEW_NUMBER = 7


class IdentityKind(StrEnum):
    """Strongest first: what a stronger kind says is never overruled by a match on a weaker one."""

    EXTERNAL_ID = "external_id"
    EMAIL = "email"
    PHONE = "phone"


class WeakKind(StrEnum):
    """Signs that suggest who somebody is and prove nothing."""

    NAME = "name"
    DEVICE = "device"
    ORDER = "order"
    HANDLE = "handle"


Identity = tuple[IdentityKind, str]
Identities = Mapping[IdentityKind, str]


def normal_external_id(value: str) -> str:
    """The sender's own key, without surrounding blanks. Raises `ValueError` if nothing is left, or too much."""
    value = value.strip()
    if not 0 < len(value) <= LONGEST_EXTERNAL_ID:
        raise ValueError(f"must have 1 to {LONGEST_EXTERNAL_ID} characters")
    return value


def normal_email(value: str) -> str:
    """Lower case, Unicode-normalised (RFC 6531); no look-up of the domain. Raises `ValueError`.

    Upper and lower case are one mailbox with every provider that people use, whatever RFC 5321 allows.
    """
    value = value.strip()
    local, _, domain = value.rpartition("@")
    # Nearly all are of the plainest sort and at a domain that was just seen: checking that again takes twenty times
    # as long.
    if len(value) <= LONGEST_EMAIL and _PLAIN_LOCAL_PART.fullmatch(local) and _is_plain(domain):
        return value.lower()
    return _checked_email(value)


@lru_cache(maxsize=4_096)
def _is_plain(domain: str) -> bool:
    """A good domain that stays as it is but for upper and lower case."""
    try:
        return _checked_email(f"a@{domain}") == f"a@{domain}".lower()
    except ValueError:
        return False


def _checked_email(value: str) -> str:
    try:
        return validate_email(value, check_deliverability=False).normalized.lower()
    except EmailNotValidError as problem:
        raise ValueError(str(problem)) from None


def normal_phone(value: str) -> str:
    """E.164 (ITU-T), such as `+351912345678`. Raises `ValueError` unless it can be one person's number."""
    # Its tables of the world's numbering plans are big: only a process that sees a phone number pays for them.
    import phonenumbers

    try:
        number = phonenumbers.parse(value, None)
    except phonenumbers.NumberParseException:
        raise ValueError("write it in international form, with + and the country code, such as +351912345678") from None
    # "Possible" alone would take emergency and service numbers, which many people have in common; "valid" alone would
    # refuse number ranges newer than the tables.
    new_range = len(phonenumbers.national_significant_number(number)) >= SHORTEST_NEW_NUMBER
    if not phonenumbers.is_possible_number(number) or not (phonenumbers.is_valid_number(number) or new_range):
        raise ValueError("is too short or too long to be somebody's number in its country")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


NORMALISERS = {
    IdentityKind.EXTERNAL_ID: normal_external_id,
    IdentityKind.EMAIL: normal_email,
    IdentityKind.PHONE: normal_phone,
}


def usable(stated: Mapping[IdentityKind, str | None]) -> dict[IdentityKind, str]:
    """Those that can be read, normalised; for what others said about a customer, where nobody is left to ask again."""
    found = {}
    for kind, value in stated.items():
        if value is not None:
            try:
                found[kind] = NORMALISERS[kind](value)
            except ValueError:
                continue
    return found


def normal_sign(value: str) -> str:
    """A weak sign, compared without upper and lower case and blanks around it. Raises `ValueError`."""
    value = " ".join(value.split()).casefold()
    if not 0 < len(value) <= LONGEST_EXTERNAL_ID:
        raise ValueError(f"must have 1 to {LONGEST_EXTERNAL_ID} characters")
    return value
