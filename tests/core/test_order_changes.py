"""What a newer version means for an order that was written for an older one: a table of documents and answers."""

import pytest

from app.core.kept_orders import KeptEntry, KeptItem
from app.core.order_changes import answers_of, changes


def item(*fields, version="1.0.0"):
    return KeptEntry("item", "cache", version, document(fields), [KeptItem("cache", "cache", "Cache", True, document(fields))])


def document(fields):
    return {"presentation": {"fields": list(fields)}}


def told(before, after, **answers):
    return [(one.kind, one.field, one.message) for one in changes(before, after, {"cache": answers})]


SIZE = {"name": "size", "type": "integer", "max_value": 9, "default": 1}
WORD = {"name": "word", "type": "string", "required": True}


@pytest.mark.parametrize(
    ("before", "after", "answers", "expected"),
    [
        ([SIZE], [SIZE], {"size": 3}, []),
        ([SIZE], [SIZE, WORD], {}, [("field_added", "word", "is new and must be answered")]),
        ([WORD], [WORD, SIZE], {}, [("field_added", "size", "is new")]),
        ([SIZE, WORD], [SIZE], {}, [("field_removed", "word", "is not asked any more")]),
        (
            [SIZE, WORD],
            [SIZE],
            {"word": "x"},
            [("field_removed", "word", "is not asked any more; your answer was left out")],
        ),
        ([SIZE], [{**SIZE, "max_value": 5}], {"size": 7}, [("invalid", "size", "must be at most 5")]),
        ([SIZE], [{**SIZE, "max_value": 5}], {"size": 70}, []),
        ([SIZE], [{**SIZE, "max_value": 5}], {"size": 4}, []),
        ([SIZE], [{**SIZE, "default": 2}], {}, [("default", "size", "has another default now.")]),
        (
            [SIZE],
            [{**SIZE, "default": 2}],
            {"size": 1},
            [("default", "size", "has another default now. Yours stays as it was.")],
        ),
        ([SIZE], [{**SIZE, "default": 2}], {"size": 3}, []),
        (
            [SIZE],
            [{**SIZE, "type": "string", "default": "1", "max_value": None}],
            {},
            [("default", "size", "has another default now.")],
        ),
        (
            [SIZE],
            [{**SIZE, "hidden": True}],
            {"size": 3},
            [("field_removed", "size", "is not asked any more; your answer was left out")],
        ),
    ],
)
def test_a_newer_version_of_a_form(before, after, answers, expected):
    before = [{key: value for key, value in one.items() if value is not None} for one in before]
    after = [{key: value for key, value in one.items() if value is not None} for one in after]
    assert told(item(*before), item(*after), **answers) == expected


def bundle(*items, fields=()):
    return KeptEntry("bundle", "stack", "1.0.0", {"presentation": {"bundle_fields": list(fields)}}, list(items))


def part(alias, *fields, required=True, fixed=None):
    return KeptItem(alias, f"{alias}-item", alias.title(), required, document(fields), fixed or {})


def test_items_come_and_go():
    before, after = bundle(part("cache"), part("queue")), bundle(part("cache"), part("search", required=False))
    found = [(one.kind, one.part, one.message) for one in changes(before, after, {})]
    assert found == [
        ("item_removed", "queue", "is not part of it any more"),
        ("item_added", "search", "is new, if you want it"),
    ]


def test_what_the_bundle_fixes_from_now_on_is_not_asked_any_more():
    before, after = bundle(part("cache", SIZE)), bundle(part("cache", SIZE, fixed={"size": 2}))
    (change,) = changes(before, after, {"cache": {"size": 3}})
    assert (change.kind, change.before) == ("field_removed", 3)


def test_a_secret_default_is_not_told():
    secret = {"name": "word", "type": "string", "sensitive": True, "default": "hunter2"}
    (change,) = changes(item(), item(secret), {})
    assert change.after is None


def test_answers_of_an_order_are_found_by_item_and_by_alias():
    entry = bundle(part("cache", SIZE), part("queue", SIZE))
    order = {"bundle_parameters": {"a": 1}, "item_parameters": {"cache-item": {"size": 2}, "queue": {"size": 3}}}
    assert answers_of(entry, order) == {"bundle": {"a": 1}, "cache": {"size": 2}, "queue": {"size": 3}}


@pytest.mark.parametrize("nonsense", [None, [], "x", 3])
def test_answers_that_are_no_object_count_as_none(nonsense):
    assert answers_of(item(SIZE), {"parameters": nonsense}) == {"cache": {}}
