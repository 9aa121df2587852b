"""Whatever is sent is answered: accepted, or refused with its reason; never a bug."""

import json
from copy import deepcopy
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.conftest import STORY

pytestmark = pytest.mark.usefixtures("synced_catalog")

FEW = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXT = st.text(max_size=20)
SCALAR = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
JSON = st.recursive(SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=8)


@pytest.fixture
def anything(portal):
    """Sarah, who may call as often as she likes."""
    return portal(reads_per_minute=100_000, writes_per_minute=100_000)("sarah-123")


def places(value, path=()):
    """Every place of a document."""
    yield path
    for key, inner in value.items() if isinstance(value, dict) else ():
        yield from places(inner, (*path, key))


def replaced(document, path, value):
    """The document with another value at one place."""
    if not path:
        return value
    changed = deepcopy(document)
    here = changed
    for key in path[:-1]:
        here = here[key]
    here[path[-1]] = value
    return changed


@FEW
@given(place=st.sampled_from(list(places(STORY))), value=JSON)
def test_an_order_with_anything_in_it_is_judged(anything, place, value):
    body = json.dumps(replaced(STORY, place, value))
    answer = anything.post("/api/v1/requests/validate", data=body, content_type="application/json")
    assert answer.status_code == 200 or answer.json["errors"]


@FEW
@given(body=st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes_are_answered(anything, body):
    assert anything.post("/api/v1/requests", data=body, content_type="application/json").status_code in (400, 422)


@FEW
@given(name=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/"), min_size=1, max_size=20))
def test_any_name_is_answered(anything, name):
    for path in ("requests", "catalog/items", "tickets", "schemas"):
        assert anything.get(f"/api/v1/{path}/{quote(name)}").status_code in (200, 404, 405)


@FEW
@given(
    st.sampled_from(["limit", "cursor", "status", "tags", "owner", "after", "mine", "team", "q", "attempt"]),
    st.text(max_size=20),
)
def test_any_parameter_is_answered(anything, name, value):
    for path in ("requests", "tickets", "catalog/items", "catalog/search"):
        assert anything.get(f"/api/v1/{path}", query_string={name: value.encode("utf-8", "replace")}).status_code in (200, 422)
