"""What a step notes before it acts is kept under its lease, for whoever has to find out what became of it."""

import uuid
from dataclasses import replace

import pytest
from sqlalchemy import create_engine

from app.jobs.notes import note
from tests.fixtures.house import House, http, item


@pytest.fixture
def claimed(house: House) -> House:
    house.offer(thing=item(http("make")))
    house.order("thing")
    return house


def test_a_note_is_kept_with_the_attempt(claimed: House) -> None:
    claim = claimed.must_claim()
    assert note(claimed.engine, claim, {"run": "abc"})
    assert claimed.attempts("make")[0].noted == {"run": "abc"}


def test_a_later_note_takes_the_place_of_the_earlier(claimed: House) -> None:
    claim = claimed.must_claim()
    note(claimed.engine, claim, {"run": "abc"})
    note(claimed.engine, claim, {"stage": "apply"})
    assert claimed.attempts("make")[0].noted == {"stage": "apply"}


def test_who_has_lost_the_lease_notes_nothing(claimed: House) -> None:
    claim = claimed.must_claim()
    assert not note(claimed.engine, replace(claim, token=uuid.uuid4()), {"run": "abc"})
    claimed.lose("make")
    assert not note(claimed.engine, claim, {"run": "abc"})
    assert claimed.attempts("make")[0].noted is None


def test_without_postgresql_nothing_is_noted_and_the_step_is_told(claimed: House) -> None:
    claim = claimed.must_claim()
    nowhere = create_engine("postgresql+psycopg://nobody@127.0.0.1:9/nothing", connect_args={"connect_timeout": 1})
    assert not note(nowhere, claim, {"run": "abc"})
