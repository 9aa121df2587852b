"""Where the rules of fields meet: any form, any answers."""

import json
import re
from datetime import datetime, timedelta, timezone

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.fields import ABSENT, Field, check, from_text, to_text

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)
VALUES = st.text(max_size=4) | st.integers(-5, 5) | st.booleans()
CHOICES = st.lists(VALUES, min_size=1, max_size=4, unique_by=lambda one: str(one).lower())
REGEXPS = st.sampled_from(["^[a-z][a-z0-9-]*$", "[A-Z_]{2,4}", "^(a|bc)+$", "[^x]*", ".*"])
CONDITIONS = st.sampled_from(["a", "parameters.b == 'x'", "not c", "a in b", "c > 1", "missing", "b | length > 2"])


def optional(**keys):
    """Any of these keys."""
    return st.fixed_dictionaries({}, optional=keys)


OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=OFFSETS)  # noqa: DTZ001 - offsets are drawn
PORT = [{"name": "port", "type": "integer", "default": 80}, {"name": "note", "type": "string", "visible_when": "port > 80"}]
OWN = {
    "string": optional(
        max_length=st.integers(0, 20), regexp=REGEXPS, format=st.sampled_from(["email", "url", "hostname", "cidr", "ip"])
    ),
    "textarea": optional(min_length=st.integers(0, 3)),
    "integer": optional(min_value=st.integers(-5, 0), max_value=st.integers(0, 50), step=st.integers(1, 3)),
    "number": optional(min_value=st.floats(-5, 0), step=st.sampled_from([0.1, 0.25, 2]), precision=st.integers(0, 3)),
    "percentage": optional(max_value=st.integers(50, 100)),
    "boolean": st.just({}),
    "date": optional(min_date=st.just("2025-08-16")),
    "datetime": optional(timezone=st.sampled_from(["UTC", "Asia/Kolkata"])),
    "time": optional(max_time=st.just("18:00")),
    "selection": st.fixed_dictionaries({"oneof": CHOICES}, optional={"allow_custom": st.booleans()}),
    "multiselect": st.fixed_dictionaries({"options": CHOICES}, optional={"max_selections": st.integers(1, 3)}),
    "json": optional(schema=st.sampled_from([{"type": "string"}, {"type": ["array", "object"]}, {"items": {"minimum": 1}}])),
    "list": st.fixed_dictionaries(
        {"of": st.sampled_from([{"type": "integer", "default": 1}, {"type": "object", "fields": PORT}])},
        optional={"max_items": st.integers(1, 3)},
    ),
    "object": st.just({"fields": PORT}),
}
FITTING = {
    "string": st.text(max_size=5) | st.from_regex("[a-z0-9-]{1,8}", fullmatch=True),
    "textarea": st.text(max_size=5),
    "integer": st.integers(-10, 60),
    "number": st.integers(-10, 10) | st.floats(-10, 10) | st.sampled_from([0.1, 0.3, 1.25]),
    "percentage": st.floats(-1, 101),
    "boolean": st.booleans(),
    "date": st.dates().map(str),
    "datetime": MOMENTS.map(lambda moment: moment.isoformat()),
    "time": st.times().map(lambda time: time.isoformat()),
    "selection": VALUES,
    "multiselect": st.lists(VALUES, max_size=3),
    "json": JSON.filter(lambda value: value is not None),
    "list": st.lists(st.integers(), max_size=3) | st.lists(st.fixed_dictionaries({"port": st.integers(1, 90)}), max_size=3),
    "object": st.fixed_dictionaries({"port": st.integers(1, 90)}),
}
COMMON = optional(required=st.booleans(), sensitive=st.booleans(), visible_when=CONDITIONS)


@st.composite
def fields(draw, name="answer", conditions=True):
    """Any field."""
    kind = draw(st.sampled_from(sorted(OWN)))
    common = {key: value for key, value in draw(COMMON).items() if conditions or key != "visible_when"}
    return Field.model_validate({"name": name, "type": kind, **draw(OWN[kind]), **common})


@st.composite
def fields_and_answers(draw):
    """A field and an answer of its type, which keeps the rules or does not."""
    field = draw(fields(conditions=False))
    return field, draw(FITTING[field.type])


@st.composite
def forms(draw):
    """Any form of three fields that ask those before them: one that asks itself is refused with its document."""
    return [_looking_back(draw(fields(name))) for name in "abc"]


def _looking_back(field):
    asked = re.findall(r"\b[abc]\b", field.visible_when or "")
    return field if all(name < field.name for name in asked) else field.model_copy(update={"visible_when": None})


SLOW_TO_DRAW = settings(suppress_health_check=[HealthCheck.too_slow])


@SLOW_TO_DRAW
@given(forms(), JSON | st.dictionaries(st.sampled_from("abcd"), JSON), st.dictionaries(st.sampled_from("abcd"), SCALARS))
def test_no_answers_whatsoever_make_check_raise(form, answers, fixed):
    checked = check(form, answers, fixed=fixed)
    assert set(checked.values) <= {"a", "b", "c"}
    assert all(fault.code and fault.message for fault in checked.faults)


@SLOW_TO_DRAW
@given(forms(), st.dictionaries(st.sampled_from("abc"), SCALARS | st.lists(VALUES, max_size=3)))
def test_what_is_accepted_is_json_and_is_accepted_again(form, answers):
    checked = check(form, answers)
    stored = json.loads(json.dumps(checked.values, allow_nan=False))
    if not checked.faults:
        again = check(form, stored)
        assert (again.values, again.faults) == (checked.values, ())


@SLOW_TO_DRAW
@given(fields_and_answers())
def test_an_accepted_answer_survives_the_form(drawn):
    field, answer = drawn
    checked = check([field], {"answer": answer})
    if checked.faults or field.type == "datetime" or ("\r\n" in str(answer)):
        return
    shown = to_text(field, answer)
    posted = from_text(field, shown if isinstance(shown, list) else [shown])
    assert check([field], {"answer": posted}).faults == ()
    assert posted == answer or (posted is ABSENT and answer == "")


@given(MOMENTS, st.sampled_from(["UTC", "Asia/Kolkata"]))
def test_a_moment_is_the_same_moment_after_the_form(moment, zone):
    field = Field.model_validate({"name": "answer", "type": "datetime", "timezone": zone})
    posted = from_text(field, [to_text(field, moment.isoformat())])
    assert datetime.fromisoformat(posted) == moment


@given(fields(conditions=False), st.lists(st.text(max_size=10), max_size=3))
def test_whatever_is_posted_can_be_judged_and_shown(field, raw):
    value = from_text(field, raw)
    check([field], {"answer": value})
    assert to_text(field, value) is not None


@SLOW_TO_DRAW
@given(fields(conditions=False), JSON)
def test_whatever_is_stored_can_be_shown(field, value):
    shown = to_text(field, value)
    assert isinstance(shown, str) or all(isinstance(one, str) for one in shown)
