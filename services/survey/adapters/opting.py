"""The words by which people stop and start messages (CTIA Messaging Principles 5.1.3; Twilio's and carriers' lists).

Only a message that is nothing but such a word is one: "please do not stop making these" is feedback.
"""

import re
import unicodedata
from typing import Final, Literal

Opting = Literal["stop", "start", "help"]
_STOP: Final = {
    *("stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "opt out", "opt-out"),
    *("remove me", "unsubscribe me", "stop please", "please stop"),
    *("stopp", "abmelden", "abbestellen", "austragen", "stop bitte", "bitte stop"),
    *("arret", "arreter", "desabonner", "desinscription", "desinscrire", "stop sms"),
    *("parar", "baja", "cancelar", "alto", "darme de baja", "no mas", "detener"),
    *("ferma", "fermare", "annulla", "disiscrivi", "disiscrivimi", "cancellami", "basta"),
    *("pare", "sair", "descadastrar", "remover", "cancelar inscricao"),
    *("afmelden", "uitschrijven", "stoppen", "afmelding"),
    *("توقف", "ايقاف", "الغاء", "قف", "الغاء الاشتراك"),
}
# Not `yes`, which Twilio takes as a start where nothing else is set: here it may answer a question.
_START: Final = {
    *("start", "unstop", "resume", "subscribe", "optin", "opt in", "opt-in"),
    *("anmelden", "starten", "abonner", "reprendre", "suscribir", "iniciar", "alta"),
    *("iscrivimi", "riprendi", "inscrever", "aanmelden", "ابدا", "اشتراك"),
}
_EDGES: Final = re.compile(r"^[\W_]+|[\W_]+$")
_BLANKS: Final = re.compile(r"\s+")
_LONGEST: Final = 40
_SAID: Final[dict[str, Opting]] = {"STOP": "stop", "START": "start", "HELP": "help"}


def opting_of(text: str | None, said: str | None = None) -> Opting | None:
    """`said`: what the carrier made of it (Twilio's `OptOutType`), which counts first."""
    if said is not None and said.upper() in _SAID:
        return _SAID[said.upper()]
    if text is None or len(text) > _LONGEST:
        return None
    word = plain_word(text)
    return "stop" if word in _STOP else "start" if word in _START else None


def plain_word(text: str) -> str:
    """In lower case, without accents, signs at its edges or doubled blanks: `¡Désabonner !` → `desabonner`."""
    spelt = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(each for each in spelt if not unicodedata.combining(each))
    return _BLANKS.sub(" ", _EDGES.sub("", letters))
