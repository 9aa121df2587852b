"""Drafts that nobody goes on with are cleared away; templates, and files that either of them names, stay."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text, update

from app.lifecycle.files import uploads
from app.lifecycle.kept import abandoned, drafts, templates
from app.models import AuditEntry
from app.models.tables import DRAFT, TEMPLATE, UPLOAD
from tests.fixtures.house import House, http, item

NINETY = timedelta(days=90)
FIELDS = "[{name: config, type: file, max_bytes: 1024}]"
LONG_AGO = text("now() - interval '91 days'")


@pytest.fixture
def single(house: House) -> House:
    house.offer(single=item(http("make"), fields=FIELDS))
    return house


def keep(house: House, config: str | None = None, who: str = "sarah-123") -> None:
    """One draft, and a template of the same order."""
    order = {"catalog_item": "single", "parameters": {"config": config}}
    with house.unit() as unit:
        drafts.save(unit, house.caller(who), order)
        templates.save(unit, house.caller(who), order, "Mine")


def age(house: House, *tables: object, **columns: object) -> None:
    with house.engine.begin() as connection:
        for table in tables:
            connection.execute(update(table).values(**columns))  # type: ignore[arg-type]  # a table, or a fault of the test


def cleared(house: House, unchanged_for: timedelta = NINETY) -> int:
    with house.engine.begin() as connection:
        return abandoned.clear(connection, unchanged_for)


def test_a_draft_that_nobody_changed_for_so_long_goes_and_a_template_stays(single: House) -> None:
    keep(single)
    age(single, DRAFT, TEMPLATE, updated_at=LONG_AGO)
    keep(single)
    assert cleared(single) == 1
    assert (len(single.rows(select(DRAFT))), len(single.rows(select(TEMPLATE)))) == (1, 2)


def test_the_audit_log_is_told_how_many_went_and_nothing_where_none_did(single: House) -> None:
    keep(single)
    cleared(single)
    age(single, DRAFT, updated_at=LONG_AGO)
    cleared(single)
    acts = single.rows(select(AuditEntry.actor, AuditEntry.details).where(AuditEntry.action == "draft.expire"))
    assert [tuple(act) for act in acts] == [("system", {"count": 1, "unchanged_days": 90})]


def test_where_no_days_are_set_drafts_stay(single: House) -> None:
    keep(single)
    age(single, DRAFT, updated_at=LONG_AGO)
    assert cleared(single, timedelta(0)) == 0
    assert len(single.rows(select(DRAFT))) == 1


def test_what_was_deleted_goes_for_good_after_its_day(single: House) -> None:
    keep(single)
    age(single, DRAFT, TEMPLATE, deleted_at=text("now() - interval '25 hours'"))
    assert cleared(single) == 0
    assert [single.rows(select(DRAFT)), single.rows(select(TEMPLATE))] == [[], []]


def test_a_file_that_a_draft_or_a_template_names_stays_and_goes_with_them(single: House) -> None:
    ids = []
    for name in ("named", "unnamed"):
        received = uploads.receive(io.BytesIO(name.encode()), 1024)
        with received.content:
            ids.append(uploads.keep(single.unit, single.files, single.caller("sarah-123"), name, received).upload_id)
    keep(single, ids[0])
    age(single, UPLOAD, created_at=text("now() - interval '25 hours'"))
    for left in (TEMPLATE, DRAFT, None):
        with single.engine.begin() as connection:
            uploads.remove_unused(connection)
            assert list(connection.scalars(select(UPLOAD.c.upload_id))) == ([ids[0]] if left is not None else [])
            if left is not None:
                connection.execute(left.delete())


@pytest.mark.parametrize(("days", "until"), [(90, datetime(2027, 2, 22, tzinfo=UTC)), (0, None)])
def test_until_when_a_draft_stays(days: int, until: datetime | None) -> None:
    assert abandoned.kept_until(datetime(2026, 11, 24, tzinfo=UTC), days) == until
