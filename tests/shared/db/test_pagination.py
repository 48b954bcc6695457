"""Walking a list page by page sees each row once, whatever the rows and the page size."""

from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from shared.db.pagination import PageRequest, decode_cursor, encode_cursor, paginate
from shared.http.errors import Unacceptable
from shared.testing.harness import Harness
from tests.shared.toy import Note

KEY = b"k" * 32


class TestWalking:
    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(titles=st.lists(st.sampled_from("abc"), max_size=30), limit=st.integers(1, 12))
    async def test_every_row_is_seen_once_and_in_order(self, toy: Harness, titles: list[str], limit: int) -> None:
        account = uuid4()
        rows = [{"account_id": account, "title": title, "version": 1} for title in titles]
        async with toy.work(account) as work:
            if rows:
                await work.session.execute(insert(Note), rows)
            seen: list[tuple[str, UUID]] = []
            cursor: str | None = None
            while True:
                page = PageRequest(limit, cursor, KEY)
                found = await paginate(work.session, select(Note), page, keys=ORDER)
                seen += [(note.title, note.id) for note in found.data]
                cursor = found.next_cursor
                if cursor is None:
                    break
                assert len(found.data) == limit
        assert seen == sorted(seen, reverse=True)
        assert sorted(title for title, _ in seen) == sorted(titles)


ORDER = (Note.title.desc(), Note.id.desc())


class TestCursors:
    @given(st.lists(st.one_of(st.uuids(), st.text(), st.integers(-(2**53), 2**53), st.datetimes()), min_size=1))
    def test_a_cursor_gives_back_what_went_in(self, values: list[object]) -> None:
        assert decode_cursor(encode_cursor(values, KEY, "o"), KEY, "o") == values

    @given(st.text(max_size=60))
    def test_anything_else_is_refused(self, text: str) -> None:
        with pytest.raises(Unacceptable):
            decode_cursor(text, KEY, "o")

    def test_a_cursor_of_another_order_or_key_is_refused(self) -> None:
        cursor = encode_cursor(["a"], KEY, "title")
        for key, order in ((KEY, "date"), (b"x" * 32, "title")):
            with pytest.raises(Unacceptable):
                decode_cursor(cursor, key, order)
