"""The log of an attempt: numbered, masked, capped, and never in the way of the step that writes it."""

import uuid

import pytest
from sqlalchemy import Engine, create_engine, select

from app.jobs import logs
from app.jobs.logs import AttemptLog
from app.models.tables import LOG
from app.outbound import Redactor

STEP = uuid.UUID("00000000-0000-0000-0000-000000000001")


def lines(engine: Engine) -> list[tuple[int, str]]:
    with engine.connect() as connection:
        statement = select(LOG.c.number, LOG.c.line).where(LOG.c.step_id == STEP).order_by(LOG.c.number)
        return [(row.number, row.line) for row in connection.execute(statement)]


def test_lines_are_numbered_and_masked(database: Engine) -> None:
    note = AttemptLog(database, STEP, 1, Redactor(["canary-4711"]))
    note("first\nwith canary-4711")
    note("third\x00")
    note.close()
    assert lines(database) == [(1, "first"), (2, "with [masked]"), (3, "third\ufffd")]


def test_a_later_writer_of_the_same_attempt_goes_on_counting(database: Engine) -> None:
    for text in ("dispatched", "polled"):
        note = AttemptLog(database, STEP, 1, Redactor([]))
        note(text)
        note.close()
    assert lines(database) == [(1, "dispatched"), (2, "polled")]


def test_past_the_cap_one_line_says_so(database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MOST_LINES", 3)
    note = AttemptLog(database, STEP, 1, Redactor([]))
    for number in range(3):
        note(f"line {number}")
    note.flush()
    note("one too many")
    note("and another")
    note.close()
    assert [line for _, line in lines(database)] == ["line 0", "line 1", "line 2", "the log ends here: more than 3 lines"]


def test_lines_that_postgresql_does_not_take_now_are_written_later(database: Engine) -> None:
    away = create_engine("postgresql+psycopg://nobody@127.0.0.1:9/none")
    note = AttemptLog(away, STEP, 1, Redactor([]))
    note("said while it was away")
    note.close()
    note.engine = database
    note("said later")
    note.close()
    assert lines(database) == [(1, "said while it was away"), (2, "said later")]
