"""What customers say that is no question: that they want a person, that they are angry, that it is a matter for people.

In seven languages, by plain patterns: this must work at once, always, and whatever a model says.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

_PERSON: Final = {
    "en": r"(?:real |live |actual )?(?:human|person|agent|representative|somebody real|someone real|operator)s?",
    "de": r"(?:echten? |richtigen? )?(?:mensch(?:en)?|mitarbeiter(?:in)?|person|berater(?:in)?|jemande[nm])",
    "fr": r"(?:vraie? )?(?:humaine?|personne|conseill(?:er|ère)|agente?|quelqu['’]un)",
    "es": r"(?:verdadera |real )?(?:humano|persona(?: real)?|agente|operador(?:a)?|alguien)",
    "it": r"(?:vera )?(?:umano|persona(?: vera| reale)?|operatore|operatrice|qualcuno)",
    "pt": r"(?:verdadeira )?(?:humano|pessoa(?: real)?|atendente|agente|operador(?:a)?|alguém)",
    "nl": r"(?:echte? )?(?:mens|persoon|medewerker|iemand)",
}
_WANT: Final = {
    "en": r"(?:talk|speak|chat|connect|transfer|want|need|reach)",
    "de": r"(?:sprechen|reden|verbinden|will|möchte|brauche|verbinde)",
    "fr": r"(?:parler|joindre|veux|voudrais|besoin|passez|contacter|discuter)",
    "es": r"(?:hablar|quiero|necesito|páseme|comunicar|contactar|quisiera)",
    "it": r"(?:parlare|voglio|vorrei|bisogno|passi|passatemi|contattare)",
    "pt": r"(?:falar|quero|preciso|gostaria|passe|contactar)",
    "nl": r"(?:spreken|praten|wil|graag|nodig|verbind|contact)",
}
_PLEASE: Final = (
    r"(?:please|pls|now|bitte|s['’]il (?:vous|te) pla[iî]t|por favor|per favore|alsjeblieft|alstublieft|graag)"
)
# "human", "human please", "please a human", and "I want to talk to a human".
_ASKS_FOR_PERSON: Final = re.compile(
    "|".join(
        rf"(?:^\W*(?:{_PLEASE}\W+)?(?:(?:an?|the|eine?n?|une?|un|una|um|uma|een)\s+)?{person}(?:\W+{_PLEASE})?\W*$)"
        rf"|(?:\b{_WANT[language]}\b.{{0,40}}?\b{person}\b)|(?:\b{person}\b.{{0,25}}?\b{_WANT[language]}\b)"
        for language, person in _PERSON.items()
    ),
    re.IGNORECASE | re.DOTALL,
)
_NOT_A_MACHINE: Final = re.compile(
    r"\b(?:not|no|kein(?:en)?|pas|non|não|geen)\b.{0,20}\b(?:bot|robot(?:er)?|machine|maschine|máquina|macchina|computer)\b",
    re.IGNORECASE,
)
_ANGRY: Final = re.compile(
    r"\b(?:ridiculous|outrageous|unacceptable|furious|disgrace(?:ful)?|scam|worst|fed up|useless"
    r"|unverschämt\w*|inakzeptabel|wütend|frechheit|betrug|katastroph\w*|saftladen"
    r"|inadmissible|inacceptable|scandaleu\w+|furieu\w+|arnaque|honteu\w+|ras[- ]le[- ]bol"
    r"|inaceptable|indignante|vergüenza|estafa|furios[oa]|hart[oa]"
    r"|inaccettabile|vergogn\w*|truffa|furibond[oa]|scandalos[oa]"
    r"|inaceitável|vergonha|burla|farto|farta|indignad[oa]"
    r"|onacceptabel|schandalig|woedend|oplichter(?:s|ij)?|belachelijk)\b",
    re.IGNORECASE,
)
# Law, danger to people, and what somebody asks under data protection law: nothing that a machine should answer.
_POLICY: Final = re.compile(
    r"\b(?:lawyer|attorney|lawsuit|sue|injur(?:ed|y)|allergic|delete my (?:data|account)|gdpr"
    r"|anwalt|anwältin|klage|verklagen|verletzt|allergisch|dsgvo"
    r"|avocate?|procès|blessée?|allergique|rgpd"
    r"|abogad[oa]|demandar|herid[oa]|alérgic[oa]"
    r"|avvocat[oa]|denuncia|ferit[oa]|allergic[oa]"
    r"|advogad[oa]|processar|ferid[oa]"
    r"|advocaat|aanklagen|gewond|avg-verzoek)\b",
    re.IGNORECASE,
)
_STATUS: Final = re.compile(
    r"\b(?:(?:my|open) (?:ticket|request|case|complaint)s?|(?:ticket|case|request) (?:status|number)|status of"
    r"|(?:mein(?:e[smn]?)?) (?:ticket|anfrage|anliegen|beschwerde|fall)|stand (?:meiner|der|meines)"
    r"|ma (?:demande|réclamation|requête)|mon (?:ticket|dossier)|où en est"
    r"|mi (?:ticket|solicitud|caso|reclamación|consulta)|estado de mi"
    r"|(?:la )?mia (?:richiesta|segnalazione)|(?:il )?mio (?:ticket|caso|reclamo)|a che punto"
    r"|(?:o )?meu (?:ticket|pedido de ajuda|caso)|(?:a )?minha (?:reclamação|solicitação)|estado d[oa] m"
    r"|mijn (?:ticket|verzoek|klacht|zaak)|status van)\b",
    re.IGNORECASE,
)
_YES: Final = re.compile(
    r"^\W*(?:yes(?:,? please)?|yeah|sure|ok(?:ay)?|ja(?:,? bitte|,? graag)?|gerne?|graag|oui|d['’]accord|s[íi]|claro"
    r"|va bene|sim)\W*$",
    re.IGNORECASE,
)
_SHOUTED: Final = 12
_SHORTEST_TITLE: Final = 4
_BLANKS: Final = re.compile(r"\W+")


def asks_for_person(said: str) -> bool:
    return bool(_ASKS_FOR_PERSON.search(said) or _NOT_A_MACHINE.search(said))


def is_angry(said: str) -> bool:
    """Strong words, or a sentence that is shouted."""
    letters = [letter for letter in said if letter.isalpha()]
    shouted = len(letters) >= _SHOUTED and all(letter.isupper() for letter in letters) and "!" in said
    return shouted or bool(_ANGRY.search(said))


def is_for_people(said: str, policy_words: Iterable[str]) -> bool:
    """A matter of law, safety or data protection, or one that the account keeps for its people."""
    spoken = f" {plain(said)} "
    return bool(_POLICY.search(said)) or any(f" {plain(word)} " in spoken for word in policy_words)


def asks_for_status(said: str) -> bool:
    return bool(_STATUS.search(said))


def agrees(said: str) -> bool:
    return bool(_YES.match(said))


def plain(said: str) -> str:
    """What two ways to write the same have in common."""
    return _BLANKS.sub(" ", said.casefold()).strip()


def chosen(said: str, offered: Mapping[str, str]) -> str | None:
    """The key of what was offered that they mean, by its number or its title."""
    answer, keys = plain(said), list(offered)
    if answer.isdecimal() and 1 <= int(answer) <= len(keys):
        return keys[int(answer) - 1]
    if len(answer) < _SHORTEST_TITLE:
        return None
    return next((key for key, title in offered.items() if answer in plain(title)), None)
