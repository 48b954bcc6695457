"""The respondent's credential."""

import base64

from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from services.survey.invitations.tokens import Link, LinkKind, Links
from services.survey.settings import SurveySettings

LINKS = Links(SurveySettings(secret=SecretStr("one secret of this installation"), public_url="https://heed.test/"))
ELSEWHERE = Links(SurveySettings(secret=SecretStr("another secret altogether")))
ANY_LINK = st.builds(Link, st.sampled_from(LinkKind), st.uuids(), st.uuids())


class TestLinks:
    @given(ANY_LINK)
    def test_a_token_is_read_as_it_was_made(self, link: Link) -> None:
        token = LINKS.token(link)
        assert LINKS.read(token) == link
        place = {LinkKind.RECEIPT: "r", LinkKind.LOGO: "s/logos"}.get(link.kind, "s")
        assert LINKS.url(link) == f"https://heed.test/{place}/{token}"

    @given(ANY_LINK)
    def test_another_installations_token_is_nothing(self, link: Link) -> None:
        assert LINKS.read(ELSEWHERE.token(link)) is None

    @given(ANY_LINK, st.data())
    def test_a_token_with_any_other_character_is_nothing(self, link: Link, data: st.DataObject) -> None:
        token = LINKS.token(link)
        place = data.draw(st.integers(0, len(token) - 1))
        letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
        other = data.draw(st.sampled_from([letter for letter in letters if letter != token[place]]))
        assert LINKS.read(token[:place] + other + token[place + 1 :]) is None

    @given(ANY_LINK, ANY_LINK)
    def test_parts_of_two_tokens_make_no_third(self, one: Link, two: Link) -> None:
        raw, other = (base64.urlsafe_b64decode(LINKS.token(link) + "==") for link in (one, two))
        mixed = base64.urlsafe_b64encode(raw[:17] + other[17:]).decode().rstrip("=")
        assert LINKS.read(mixed) in (None, one)

    @given(st.text(max_size=100))
    def test_anything_else_is_nothing(self, token: str) -> None:
        assert LINKS.read(token) is None
