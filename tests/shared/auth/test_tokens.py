"""Only what the gateway signed, for us, and still in time, is believed."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from shared.auth.scopes import ALL, ROLES
from shared.auth.tokens import Principal, TokenSigner, TokenVerifier, new_key_pair
from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.http.errors import Unauthenticated
from shared.ids import new_id

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PRIVATE, PUBLIC = new_key_pair()
PRINCIPAL = Principal(new_id(), Actor(ActorKind.PARTNER, "key-1"), frozenset({"tickets:read"}), "key-1")


def token() -> str:
    return TokenSigner(PRIVATE).sign(PRINCIPAL, now=NOW)


class TestVerify:
    def test_a_good_token_says_who_is_calling(self) -> None:
        assert TokenVerifier(PUBLIC).verify(token(), now=NOW) == PRINCIPAL

    def test_an_expired_one_is_refused_even_if_it_was_good_before(self) -> None:
        verifier = TokenVerifier(PUBLIC)
        signed = token()
        verifier.verify(signed, now=NOW)
        with pytest.raises(Unauthenticated):
            verifier.verify(signed, now=NOW + timedelta(minutes=6))

    def test_one_from_the_future_is_refused(self) -> None:
        with pytest.raises(Unauthenticated):
            TokenVerifier(PUBLIC).verify(token(), now=NOW - timedelta(minutes=1))

    def test_one_of_another_key_is_refused(self) -> None:
        with pytest.raises(Unauthenticated):
            TokenVerifier(new_key_pair()[1]).verify(token(), now=NOW)

    def test_changed_claims_are_refused(self) -> None:
        head, body, signature = token().split(".")
        claims = json.loads(base64.urlsafe_b64decode(body + "=="))
        claims["scope"] = "tickets:read tickets:write"
        forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        with pytest.raises(Unauthenticated):
            TokenVerifier(PUBLIC).verify(f"{head}.{forged}.{signature}", now=NOW)

    @pytest.mark.parametrize("algorithm", ["none", "HS256", "EdDSA "])
    def test_another_algorithm_is_refused(self, algorithm: str) -> None:
        _, body, signature = token().split(".")
        head = base64.urlsafe_b64encode(json.dumps({"alg": algorithm, "typ": "JWT"}).encode()).decode().rstrip("=")
        for forged in (f"{head}.{body}.{signature}", f"{head}.{body}."):
            with pytest.raises(Unauthenticated):
                TokenVerifier(PUBLIC).verify(forged, now=NOW)

    @pytest.mark.parametrize("nonsense", ["", ".", "a.b.c", "ä", "x" * 5000])
    def test_nonsense_is_refused(self, nonsense: str) -> None:
        with pytest.raises(Unauthenticated):
            TokenVerifier(PUBLIC).verify(nonsense, now=NOW)


class TestRoles:
    def test_no_role_has_a_scope_that_does_not_exist(self) -> None:
        assert all(scopes <= ALL for scopes in ROLES.values())

    def test_a_viewer_changes_nothing(self) -> None:
        assert all(scope.endswith(":read") for scope in ROLES["viewer"])
