"""Whether a program filled it in. What looks so is flagged, never lost: a person may type fast, or have no script.

Three signs: a field that people do not see was filled in; the answer came sooner than anybody reads; or the survey
wants a proof of work and there is none.
"""

import base64
import hmac
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from altcha.v1 import ChallengeOptions, create_challenge, extract_params, verify_solution

from shared.settings import ServiceSettings

# Reading one question and choosing a number takes a practised person about this long.
SOONEST: Final = timedelta(milliseconds=800)
PUZZLE_LIFETIME: Final = timedelta(hours=2)
# About half as many SHA-256 are needed: some tenths of a second on a telephone.
HARDEST: Final = 30_000
# The surest sign.
TRAPPED: Final = "trapped"
_STAMP = "survey.stamp"
_PUZZLE = "survey.puzzle"
_MAC_BYTES = 12


def stamp(settings: ServiceSettings, survey_id: UUID, now: datetime) -> str:
    """When a survey was shown, to be sent back with the answer; signed, so that nobody dates it back."""
    milliseconds = int(now.timestamp() * 1_000).to_bytes(6, "big")
    return base64.urlsafe_b64encode(milliseconds + _mac(settings, survey_id, milliseconds)).decode()


def shown_at(settings: ServiceSettings, survey_id: UUID, text: str) -> datetime | None:
    """What a stamp says; None if it is none of ours for this survey."""
    try:
        raw = base64.urlsafe_b64decode(text)
    except ValueError:
        return None
    milliseconds, mac = raw[:6], raw[6:]
    if not hmac.compare_digest(mac, _mac(settings, survey_id, milliseconds)):
        return None
    return datetime.fromtimestamp(int.from_bytes(milliseconds, "big") / 1_000, UTC)


def puzzle(settings: ServiceSettings, submission_id: str, now: datetime) -> dict[str, Any]:
    """For the respondent's device (ALTCHA v1): find the number behind `challenge`. Good for this submission only."""
    options = ChallengeOptions(
        hmac_key=settings.derived_key(_PUZZLE).hex(),
        max_number=HARDEST,
        expires=now + PUZZLE_LIFETIME,
        params={"for": submission_id},
    )
    made: dict[str, Any] = create_challenge(options).to_dict()
    return made


def is_solved(settings: ServiceSettings, submission_id: str, proof: str, now: datetime) -> bool:
    try:
        payload: Any = orjson.loads(base64.b64decode(proof, validate=True))
        # The library would ask the machine's clock.
        good, _ = verify_solution(payload, settings.derived_key(_PUZZLE).hex(), check_expires=False)
        parameters = extract_params(payload)
        expires = int(parameters["expires"][0])
    except (ValueError, TypeError, KeyError, AttributeError, IndexError):
        return False
    return good and parameters.get("for") == [submission_id] and expires > now.timestamp()


def signs(
    settings: ServiceSettings,
    survey_id: UUID,
    submission_id: str,
    now: datetime,
    *,
    trap: str,
    stamp: str | None,
    proof: str | None,
    wants_proof: bool,
) -> Collection[str]:
    """`trapped`, `too_fast`, `no_proof`, in this order. An unreadable stamp counts as too fast."""
    found = []
    if trap:
        found.append(TRAPPED)
    shown = shown_at(settings, survey_id, stamp) if stamp else None
    if shown is None or now - shown < SOONEST:
        found.append("too_fast")
    if wants_proof and not (proof and is_solved(settings, submission_id, proof, now)):
        found.append("no_proof")
    return found


def _mac(settings: ServiceSettings, survey_id: UUID, milliseconds: bytes) -> bytes:
    return hmac.digest(settings.derived_key(_STAMP), survey_id.bytes + milliseconds, "sha256")[:_MAC_BYTES]
