"""What past runs tell of the next one, as tables."""

from datetime import UTC, datetime, timedelta

import pytest

from app.core.forecast import KEPT, Run, covered, forecast, one_in, part, usual

NOON = datetime(2025, 8, 24, 12, tzinfo=UTC)


def runs(*took: float) -> list[Run]:
    return [Run(one) for one in took]


@pytest.mark.parametrize("number", [0, 1, 9])
def test_fewer_than_ten_runs_tell_nothing(number):
    assert forecast(runs(*[60.0] * number)) is None
    assert usual([60.0] * number) is None


def test_half_of_the_runs_and_nine_tenths_of_them_took_no_longer():
    found = forecast(runs(10, 20, 30, 40, 50, 60, 70, 80, 90, 1000))
    assert (found.runs, found.usual, found.late) == (10, 50, 90)


def test_only_the_last_runs_count():
    found = forecast(runs(*[999.0] * 50, *[60.0] * KEPT))
    assert (found.runs, found.late) == (KEPT, 60.0)


def test_runs_in_which_a_person_was_needed_tell_how_often_and_for_how_long():
    waited = [Run(500, 100), Run(900, 300), Run(700, 200)]
    found = forecast([*runs(*[60.0] * 21), *waited])
    assert (found.helped, found.share, found.wait) == (3, 0.125, 200)


def test_where_nobody_was_ever_needed_there_is_no_wait():
    found = forecast(runs(*[60.0] * 10))
    assert (found.helped, found.share, found.wait) == (0, 0.0, None)


def test_a_step_has_a_usual_time_once_it_ran_ten_times():
    often, seldom = [Run(60, None, {"a": 20.0, "b": 5.0})] * 9, [Run(60, None, {"a": 30.0})] * 3
    assert forecast([*often, *seldom]).steps == {"a": 20.0}


@pytest.mark.parametrize(
    ("values", "share", "value"), [([5], 0.5, 5), ([1, 2], 0.5, 1), ([3, 1, 2], 0.5, 2), ([1, 2, 3, 4], 0.9, 4), ([1, 2], 0, 1)]
)
def test_a_part_is_one_of_the_values(values, share, value):
    assert part(values, share) == value


@pytest.mark.parametrize(("share", "number"), [(1.0, 1), (0.5, 2), (0.125, 8), (0.13, 8), (0.9, 1), (0.005, 200)])
def test_a_share_is_one_in_so_many(share, number):
    assert one_in(share) == number


@pytest.mark.parametrize(
    ("spans", "minutes"),
    [([], 0), ([(0, 5)], 5), ([(0, 5), (10, 12)], 7), ([(0, 10), (2, 5)], 10), ([(5, 15), (0, 10)], 15), ([(5, 5)], 0)],
)
def test_times_that_overlap_are_counted_once(spans, minutes):
    at = [(NOON + timedelta(minutes=start), NOON + timedelta(minutes=end)) for start, end in spans]
    assert covered(at) == minutes * 60
