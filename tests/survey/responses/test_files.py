"""Cutting a stream into records, wherever the network cuts it."""

import csv
import io
from collections.abc import AsyncIterator

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from services.survey.responses.files import csv_records, ndjson_records
from services.survey.responses.reading import Record
from services.survey.responses.schemas import NewResponse
from shared.ids import new_id

SURVEY_ID = str(new_id())
# What CSV can tell: an empty cell is no answer, and a file of text has no NUL.
COMMENTS = st.lists(
    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), min_size=1), max_size=20
)


async def _chunks(content: bytes, sizes: list[int]) -> AsyncIterator[bytes]:
    while content:
        size = sizes.pop() if sizes else len(content)
        yield content[:size]
        content = content[size:]


async def _comments(records: AsyncIterator[list[Record]]) -> list[str]:
    found = []
    async for portion in records:
        for record in portion:
            assert isinstance(record.parsed, NewResponse), record
            found.append(record.parsed.answers[0].value)
    return found


class TestRecords:
    @settings(deadline=None)
    @given(comments=COMMENTS, sizes=st.lists(st.integers(1, 40)))
    async def test_csv_gives_back_what_was_written(self, comments: list[str], sizes: list[int]) -> None:
        file = io.StringIO()
        writer = csv.writer(file)
        writer.writerow(["submission_id", "comment"])
        writer.writerows([[str(number), comment] for number, comment in enumerate(comments)])
        records = csv_records(_chunks(file.getvalue().encode(), sizes), SURVEY_ID)
        assert await _comments(records) == comments

    @settings(deadline=None)
    @given(comments=COMMENTS, sizes=st.lists(st.integers(1, 40)))
    async def test_ndjson_gives_back_what_was_written(self, comments: list[str], sizes: list[int]) -> None:
        content = b"\n".join(
            orjson.dumps(
                {
                    "survey_id": SURVEY_ID,
                    "submission_id": str(number),
                    "answers": [{"question": "comment", "value": comment}],
                }
            )
            for number, comment in enumerate(comments)
        )
        assert await _comments(ndjson_records(_chunks(content, sizes))) == comments
