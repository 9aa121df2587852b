"""Fields as the page shows them: what is optional, what the help says, how a choice is offered."""

from typing import Any

import pytest

from app.web.views_fields import Choice, FieldView, Kind, kind_of_choice


def field(**more: Any) -> FieldView:
    return FieldView("storage", "storage", "Storage", **more)


@pytest.mark.parametrize(
    ("more", "expected"),
    [({}, True), ({"required": True}, False), ({"has_default": True}, False), ({"kind": "check"}, False)],
)
def test_only_a_field_that_may_stay_empty_is_marked_optional(more: dict[str, Any], expected: bool):
    assert field(**more).optional is expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"minimum": "20", "maximum": "1000"}, "20 to 1,000"),
        ({"minimum": "3"}, "At least 3"),
        ({"maximum": "0.5"}, "At most 0.5"),
        ({"help": "Size of the disk.", "maximum": "1000"}, "Size of the disk, at most 1,000"),
    ],
)
def test_a_number_tells_its_limits(more: dict[str, Any], expected: str):
    assert field(kind="number", **more).hint == expected


def test_the_control_is_described_by_what_is_there_and_nothing_else():
    assert field(help="In GB", errors=("Too large.",)).described_by == "storage-help storage-error"


@pytest.mark.parametrize(
    ("choices", "must_pick", "expected"),
    [
        ([Choice("dev", "dev"), Choice("prod", "prod")], True, "segments"),
        ([Choice("dev", "dev"), Choice("prod", "prod")], False, "select"),
        ([Choice("small", "Small", "2 GB memory"), Choice("large", "Large", "8 GB memory")], True, "radio"),
        ([Choice(f"db.t3.{n}", f"db.t3.{n}") for n in ("micro", "small", "medium", "large")], True, "select"),
        ([Choice(str(n), str(n), "one of many") for n in range(9)], True, "select"),
    ],
)
def test_a_choice_is_offered_in_the_form_that_suits_it(choices: list[Choice], must_pick: bool, expected: Kind):
    assert kind_of_choice(choices, must_pick=must_pick) == expected
