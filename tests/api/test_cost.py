"""What a read of the API costs: so many statements, none of them in a transaction."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import Connection, event

from app.extensions import db
from tests.fixtures.house import http, item

STATEMENTS = {"/api/v1/catalog/items/pair": 4, "/api/v1/requests": 3, "/api/v1/requests/{request_id}": 8}


@contextmanager
def noted(app: Flask) -> Iterator[list[bool]]:
    """For each statement that is sent meanwhile, whether it stands alone."""
    alone: list[bool] = []

    def note(connection: Connection, *_: object) -> None:
        alone.append(connection.connection.dbapi_connection.autocommit)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield alone
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize(("path", "number"), STATEMENTS.items())
def test_a_read_is_so_many_statements_and_no_transaction(house, sarah, path, number):
    house.offer(pair=item(http("one")))
    path = path.format(request_id=house.order("pair").request_id)
    sarah.get(path)  # what is noted once a minute is noted now
    with noted(house.app) as alone:
        assert sarah.get(path).status_code == 200
    assert alone == [True] * number


def test_the_first_use_in_a_minute_is_noted_in_a_transaction(house, sarah):
    with noted(house.app) as alone:
        sarah.get("/api/v1/me")
    assert alone == [True, False]
