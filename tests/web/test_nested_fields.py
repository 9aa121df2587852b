"""Lists and objects in an order's form: what is posted, what that means, and where faults stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.fields import ABSENT, Field
from app.errors import Fault
from app.web.forms.filling import filled_from
from app.web.forms.nested import as_posted, kept, read, with_added, written
from app.web.forms.order import order_form
from app.web.forms.views import answer, rule
from tests.web.test_order_form import alone

ROW = [
    {"name": "port", "type": "integer", "default": 80, "min_value": 1},
    {"name": "tls", "type": "boolean", "default": True},
    {"name": "tags", "type": "list", "of": {"type": "string"}},
]
RULES = {"name": "rules", "type": "list", "max_items": 3, "of": {"type": "object", "fields": ROW}}
FIELD = Field.model_validate(RULES)
VALUE = [{"port": 443, "tls": False, "tags": ["a", "b"]}, {"port": 80, "tls": True}]
ROWS = st.lists(
    st.fixed_dictionaries(
        {"port": st.integers(1, 99), "tls": st.booleans()},
        optional={"tags": st.lists(st.text("abc", min_size=1), min_size=1, max_size=3)},
    ),
    max_size=4,
)


def posted(*pairs):
    return as_posted(pairs)


def value(*pairs):
    return read(FIELD, "rules", posted(*pairs))


@given(ROWS)
def test_what_is_written_into_a_form_is_read_back(rows):
    pairs = written(FIELD, "rules", rows)
    assert read(FIELD, "rules", as_posted(pairs)) == (rows or ABSENT)
    assert kept(FIELD, "rules", as_posted(pairs)) == pairs


def test_a_row_in_which_nothing_was_changed_is_no_answer_unless_it_was_added():
    blank = [("rules.0.port", "80"), ("rules.0.tls", "on")]
    assert value(*blank) is ABSENT
    assert value(*blank, ("row:rules", "0")) == [{"port": 80, "tls": True}]


def test_a_row_that_is_ticked_to_go_is_gone_and_the_others_move_up():
    form = posted(*written(FIELD, "rules", VALUE), ("remove:rules", "0"))
    assert read(FIELD, "rules", form) == VALUE[1:]
    assert kept(FIELD, "rules", form) == written(FIELD, "rules", VALUE[1:])


def test_an_empty_row_of_text_moves_nobody_elses_place():
    tags = Field.model_validate({"name": "tags", "type": "list", "of": {"type": "string"}})
    form = posted(("tags.0", ""), ("row:tags", "0"), ("tags.1", "b"))
    assert read(tags, "tags", form) == ["b"]
    assert kept(tags, "tags", form)[:2] == [("row:tags", "0"), ("tags.0", "b")]


def test_the_button_adds_a_row_at_the_end_at_any_depth():
    form = with_added(posted(*written(FIELD, "rules", VALUE)), "add:rules.0.tags")
    assert form.getlist("row:rules.0.tags") == ["0", "1", "2"]
    assert with_added(posted(), "add:rules").getlist("row:rules") == ["0"]
    assert with_added(posted(), "review") == posted()


@pytest.mark.parametrize("name", ["rules.99999.port", "rules.x.port", "rules..port", "rules.0", "row:rules", "rules.-1.port"])
def test_no_nonsense_in_names_is_a_row(name):
    assert value((name, "nonsense")) in (ABSENT, [{"tls": False}])


@pytest.fixture
def made(app):
    with app.test_request_context():

        def make(*fields, posted=None):
            data = None if posted is None else as_posted(posted)
            return order_form(alone(*fields), ["growth"])(formdata=data, meta={"csrf": False})

        yield make


def test_faults_stand_at_the_row_that_they_are_about(made):
    form = made(RULES, posted=written(FIELD, "item.rules", VALUE))
    form.judge([Fault(("parameters", "rules", 1, "port"), "min_value", "must be at least 90")])
    assert [said.summary for said in form.said] == [{"id": "item-rules-1-port", "words": "Rules 2, Port must be at least 90."}]
    row = form["item.rules"].view.entries[1]
    assert [field.errors for field in row.fields] == [("Rules 2, Port must be at least 90.",), (), ()]


def test_a_fault_inside_json_names_its_place(made):
    form = made({"name": "extra", "type": "json"}, posted=[("item.extra", "{}")])
    form.judge([Fault(("parameters", "extra", "ports", 0), "schema", "must be at least 1")])
    assert [said.words for said in form.said] == ["Extra at ports.0 must be at least 1."]
    assert form["item.extra"].view.errors == ("Extra at ports.0 must be at least 1.",)


def test_hidden_inputs_carry_every_row_to_the_next_page(made):
    form = made(RULES, posted=[*written(FIELD, "item.rules", VALUE), ("remove:item.rules", "1")])
    assert form.posted() == written(FIELD, "item.rules", VALUE[:1])
    assert form.order()["parameters"] == {"rules": VALUE[:1]}


def test_a_list_shows_its_rows_one_more_for_the_script_and_one_where_there_is_none(made):
    view = made(RULES)["item.rules"].view
    assert [(entry.number, entry.kept) for entry in view.entries] == [("0", False)]
    assert (view.blank.number, view.blank.fields[0].name, view.blank.fields[0].value) == (
        "__1__",
        "item.rules.__1__.port",
        "80",
    )
    assert view.blank.fields[2].blank.fields[0].name == "item.rules.__1__.tags.__2__"


def test_a_form_that_is_filled_from_an_order_has_its_rows(made):
    order = {"catalog_item": "cache", "parameters": {"rules": [{"port": 443, "tags": ["a"]}, {"tls": False}]}}
    filled = filled_from(alone(RULES), ["growth"], order)
    assert filled.misfits == ()
    rows = filled.form.order()["parameters"]["rules"]
    assert rows == [{"port": 443, "tls": True, "tags": ["a"]}, {"port": 80, "tls": False}]


@pytest.mark.parametrize(
    ("keys", "given", "words", "told"),
    [
        (
            {"type": "list", "of": {"type": "integer", "max_value": 9}, "max_items": 3},
            [1, 2],
            "1, 2",
            "List of: whole number, at most 9, at most 3 rows",
        ),
        (
            {"type": "list", "of": {"type": "object", "fields": ROW[:2]}},
            [{"port": 1, "tls": True}, {"port": 2, "tls": None}],
            "Port 1, Tls yes; Port 2",
            "List of: port (whole number, at least 1) and Tls (yes or no)",
        ),
        ({"type": "json"}, {"a": [1]}, '{"a": [1]}', "JSON"),
        ({"type": "list", "of": {"type": "string", "sensitive": True}}, ["x"], "\N{BULLET}" * 8, "List of: text"),
    ],
)
def test_answers_and_rules_read_as_words(keys, given, words, told):
    field = Field.model_validate({"name": "answer", **keys})
    assert (answer(field, given), rule(field)) == (words, told)
