"""One thread of a worker looks for work; as soon as its step takes long, another one does."""

import threading
from collections.abc import Iterator

import pytest

from app.jobs.lead import Lead


class Busy:
    """Counts how often nobody was left to lead."""

    def __init__(self) -> None:
        self.rung = threading.Event()

    def __call__(self) -> None:
        self.rung.set()


@pytest.fixture
def busy() -> Busy:
    return Busy()


@pytest.fixture
def lead(busy: Busy) -> Iterator[Lead]:
    lead = Lead(busy)
    yield lead
    lead.close()


def test_one_leads_and_the_others_wait(lead: Lead) -> None:
    assert lead.take("one", 0)
    assert not lead.take("two", 0.01)
    assert lead.take("one", 0)


def test_whoever_leaves_makes_room(lead: Lead) -> None:
    lead.take("one", 0)
    lead.leave("one")
    assert lead.take("two", 0)
    lead.leave("one")  # somebody who has it no more takes it from nobody
    assert not lead.take("one", 0)


def test_a_short_step_keeps_the_lead(lead: Lead) -> None:
    lead.take("one", 0)
    lead.begins("one", "a kind")
    assert lead.ended("one")
    assert not lead.take("two", 0)


def test_a_long_step_passes_it_on_to_whoever_waits(lead: Lead, busy: Busy) -> None:
    lead.take("one", 0)
    follower = threading.Thread(target=lambda: lead.take("two", 5))
    follower.start()
    lead.begins("one", "a kind")
    follower.join(5)
    assert not lead.ended("one")
    assert not busy.rung.is_set()


def test_when_nobody_waits_another_worker_is_rung_for(lead: Lead, busy: Busy) -> None:
    lead.take("one", 0)
    lead.begins("one", "a kind")
    assert busy.rung.wait(5)
    assert lead.ended("one")


def test_a_kind_that_took_long_hands_it_on_at_once(lead: Lead, busy: Busy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.jobs.lead.PATIENCE_SECONDS", 60.0)  # the usher would never pass it on
    lead.take("one", 0)
    lead.learns("a kind", 61.0)
    lead.begins("one", "a kind")
    assert lead.take("two", 0)
    assert busy.rung.wait(5)


def test_a_kind_that_ended_at_once_keeps_it_again(lead: Lead, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.jobs.lead.PATIENCE_SECONDS", 60.0)
    lead.take("one", 0)
    lead.learns("a kind", 61.0)
    lead.learns("a kind", 0.0)
    lead.begins("one", "a kind")
    assert not lead.take("two", 0)


def test_what_was_short_and_takes_long_this_time_passes_it_on(lead: Lead, busy: Busy) -> None:
    lead.take("one", 0)
    lead.learns("a kind", 0.0)
    lead.begins("one", "a kind")
    assert busy.rung.wait(5)
