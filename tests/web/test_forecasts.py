"""How long things take, in words, and where pages say it."""

import pytest
from sqlalchemy import insert

from app.core.forecast import Forecast
from app.models.tables import FORECAST
from app.web import forecasts
from tests.api.test_forecasts import KNOWN, STEPS
from tests.fixtures.browser_client import words
from tests.story import STORY

OFTEN, NEVER, ALWAYS = (
    Forecast(runs=24, usual=240, late=540, helped=helped, wait=wait) for helped, wait in [(3, 7200), (0, None), (24, 7200)]
)


@pytest.mark.parametrize(
    ("found", "usual", "people", "about"),
    [
        (None, forecasts.UNKNOWN, forecasts.UNKNOWN, ""),
        (OFTEN, "4 min", "1 in 8", "Usually 4 min; a person was needed in 1 of 8 runs, for 2 h."),
        (NEVER, "4 min", "never", "Usually 4 min; no person was needed."),
        (ALWAYS, "4 min", "always", "Usually 4 min; a person was needed each time, for 2 h."),
    ],
)
def test_a_forecast_is_said_in_words_and_nothing_is_made_up(found, usual, people, about):
    assert (forecasts.usual(found), forecasts.how_often(found), forecasts.about(found)) == (usual, people, about)


def test_the_facts_of_an_entry_say_from_how_many_runs_they_are_known():
    assert forecasts.facts(None) == []
    assert forecasts.facts(OFTEN) == [
        ("Usual time", "4 min, 9 of 10 within 9 min"),
        ("Needs a person", "In 1 of 8 runs, for 2 h"),
        ("Known from", "24 runs"),
    ]


@pytest.fixture
def known(house, synced_catalog):
    """The story's bundle has been ordered often."""
    with house.engine.begin() as connection:
        connection.execute(insert(FORECAST).values(**KNOWN, steps=STEPS, kept=[]))


@pytest.fixture
def sarah(known, signed_in):
    return signed_in("sarah-123")


def test_the_catalog_shows_usual_times_beside_each_entry(sarah):
    assert "Usual time Needs a person Order" in words(sarah.get("/catalog"))
    assert "4 min 1 in 8 Order" in words(sarah.get("/catalog"))


def test_the_catalog_has_no_empty_columns(synced_catalog, signed_in):
    assert "Usual time" not in words(signed_in("sarah-123").get("/catalog"))


def test_an_entry_says_how_long_it_takes(sarah):
    page = words(sarah.get("/catalog/bundles/full-stack-web-app"))
    assert "How long it takes Usual time 4 min, 9 of 10 within 10 min Needs a person In 1 of 8 runs, for 2 h" in page


def test_the_form_and_the_plan_beside_it_say_how_long_it_takes(sarah):
    page = words(sarah.get("/order/bundles/full-stack-web-app"))
    assert "Usually 4 min; a person was needed in 1 of 8 runs, for 2 h." in page
    assert "2 min" in page


def test_a_running_request_stands_against_what_is_usual(sarah, people):
    made = people.api("sarah-123").post("/api/v1/requests", json=STORY).json["request_id"]
    page = words(sarah.get(f"/requests/{made}"))
    assert "0 of 5 done, usually 4 min; under 1 s so far" in page
    assert "Usually 4 min" in page
