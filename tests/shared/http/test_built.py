"""Instances that are made without validation."""

from shared.http.schemas import Model, built


class Point(Model):
    place: str
    scores: list[int]


class TestBuilt:
    def test_are_written_and_compared_like_any_other(self) -> None:
        point = Point(place="here", scores=[1, 2])
        same = built(Point, place="here", scores=[1, 2])
        assert same == point
        assert same.model_dump_json() == point.model_dump_json()
        assert repr(same.model_copy(update={"place": "there"})) == "Point(place='there', scores=[1, 2])"
