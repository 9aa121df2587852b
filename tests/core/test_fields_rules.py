"""Each rule of each type: what it accepts, and the code and the words of what it refuses."""

import pytest

from app.core.fields import ABSENT, Field, check, check_default

APP = {"type": "string", "min_length": 3, "max_length": 50, "regexp": "^[a-z][a-z0-9-]*$"}
DATABASE = {"type": "string", "max_length": 63, "regexp": "^[a-z][a-z0-9_]*$"}
SIZE = {"type": "integer", "min_value": 20, "max_value": 1000}
ENVIRONMENT = {"type": "selection", "oneof": ["dev", "staging", "prod"]}
ZONES = {"type": "multiselect", "options": ["a", "b", "c"], "min_selections": 2, "max_selections": 2}
MAINTENANCE = {"type": "date", "min_date": "2025-08-01", "max_date": "2025-08-31"}

ONE_LINE = "may not contain line breaks or other control characters"
EMAIL = "must be an e-mail address, such as sarah@example.com"
URL = "must be a web address, such as https://example.com/path"
HOSTNAME = "must be a host name, such as app.example.com"
NETWORK = "must be a network in CIDR notation, such as 10.0.0.0/16"
MOMENT = "must be a date and time with its offset, such as 2025-08-16T10:30:00+00:00"
FORM = "must match the pattern "


def field(**keys):
    return Field.model_validate({"name": "answer", **keys})


def judged(keys, value):
    return check([field(**keys)], {"answer": value})


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (APP, "customer-portal-api"),
        ({"type": "string"}, ""),
        ({"type": "string"}, "Ünïcode ✓"),
        ({"type": "string"}, "x" * 10_000),
        ({"type": "string", "max_length": 20_000}, "x" * 20_000),
        ({"type": "textarea"}, "one\n\ttwo\r\nthree"),
        ({"type": "string", "format": "email"}, "sarah@example.com"),
        ({"type": "string", "format": "url"}, "https://example.com:8443/a?b=c#d"),
        ({"type": "string", "format": "url"}, "http://[::1]/"),
        ({"type": "string", "format": "hostname"}, "app.example.com"),
        ({"type": "string", "format": "cidr"}, "10.0.0.0/16"),
        ({"type": "string", "format": "cidr"}, "2001:db8::/32"),
        ({"type": "string", "format": "ip"}, "10.0.0.1"),
        (SIZE, 20),
        (SIZE, 1000),
        ({"type": "int"}, -(2**53) + 1),
        ({"type": "integer", "step": 5, "min_value": 3}, 13),
        ({"type": "number"}, 3),
        ({"type": "number"}, -1.5e300),
        ({"type": "number", "step": 0.1}, 0.3),
        ({"type": "number", "precision": 2}, 1.25),
        ({"type": "number", "precision": 0}, 1e20),
        ({"type": "percentage"}, 99.9),
        ({"type": "percentage", "max_value": 200}, 150),
        ({"type": "boolean"}, False),
        (MAINTENANCE, "2025-08-16"),
        ({"type": "datetime"}, "2025-08-16T10:30:00-05:00"),
        ({"type": "datetime"}, "2025-08-16T10:30:00.123456Z"),
        ({"type": "time", "min_time": "08:00", "max_time": "18:00"}, "17:59:59"),
        (ENVIRONMENT, "staging"),
        ({"type": "selection", "oneof": [1, 2.5, True]}, 2.5),
        ({"type": "selection", "oneof": [{"value": "m", "label": "Medium", "help": "2 CPU"}, "l"]}, "m"),
        ({"type": "selection", "oneof": ["dev"], "allow_custom": True}, "sandbox"),
        (ZONES, ["c", "a"]),
        (ZONES, []),
    ],
)
def test_an_answer_that_keeps_the_rule_is_kept_as_it_was_sent(keys, value):
    checked = judged(keys, value)
    assert (checked.values, checked.faults) == ({"answer": value}, ())


@pytest.mark.parametrize(
    ("keys", "value", "code", "message"),
    [
        (APP, 3, "type", "must be text"),
        (APP, "ab", "min_length", "must have at least 3 characters"),
        ({"type": "string", "min_length": 1}, "", "min_length", "must have at least 1 character"),
        (APP, "a" * 51, "max_length", "must have at most 50 characters"),
        ({"type": "string"}, "x" * 10_001, "max_length", "must have at most 10000 characters"),
        ({"type": "textarea"}, "x" * 10_001, "max_length", "must have at most 10000 characters"),
        ({"type": "string"}, "a\x00b", "format", ONE_LINE),
        ({"type": "string"}, "a\nb", "format", ONE_LINE),
        ({"type": "textarea"}, "a\x00b", "format", "may not contain control characters"),
        ({"type": "textarea"}, "\ud800", "format", "may not contain control characters"),
        (
            DATABASE,
            "customer-portal-db",
            "regexp",
            "may not contain hyphens: use only lowercase letters, digits and underscores",
        ),
        (
            APP,
            "Über Portal",
            "regexp",
            "may not contain spaces and capital letters: use only lowercase letters, digits and hyphens",
        ),
        (APP, "1-portal", "regexp", "must start with a lowercase letter"),
        (APP, "caf\u00e9", "regexp", "may not contain 'é': use only lowercase letters, digits and hyphens"),
        ({"type": "string", "regexp": "[A-Za-z.]+"}, "a1", "regexp", "may not contain digits: use only letters and dots"),
        ({"type": "string", "regexp": "^(a|b)c$"}, "x", "regexp", FORM + "^(a|b)c$"),
        (
            {"type": "string", "regexp": "^AB-\\d{4}$", "placeholder": "AB-1234"},
            "x",
            "regexp",
            "does not have the expected form, such as AB-1234",
        ),
        ({"type": "string", "regexp": "b"}, "abc", "regexp", FORM + "b"),
        ({"type": "string", "regexp": "[a-f-z_]+"}, "xx1", "regexp", FORM + "[a-f-z_]+"),
        ({"type": "string", "format": "email"}, "sarah@", "format", EMAIL),
        ({"type": "string", "format": "email"}, "a b@example.com", "format", EMAIL),
        ({"type": "string", "format": "url"}, "ftp://example.com", "format", URL),
        ({"type": "string", "format": "url"}, "https://exa mple.com", "format", URL),
        ({"type": "string", "format": "url"}, "http://[", "format", URL),
        ({"type": "string", "format": "url"}, "http://a:99999/", "format", URL),
        ({"type": "string", "format": "hostname"}, "-a.example.com", "format", HOSTNAME),
        ({"type": "string", "format": "hostname"}, "a" * 300, "format", HOSTNAME),
        ({"type": "string", "format": "cidr"}, "10.0.0.1/16", "format", NETWORK),
        ({"type": "string", "format": "cidr"}, "10.0.0.1", "format", NETWORK),
        ({"type": "string", "format": "ip"}, "10.0.0.256", "format", "must be an IP address, such as 10.0.0.1"),
        (SIZE, 19, "min_value", "must be at least 20"),
        (SIZE, 1001, "max_value", "must be at most 1000"),
        ({**SIZE, "unit": "GB"}, 1001, "max_value", "must be at most 1000"),
        (SIZE, "3", "type", "must be a whole number"),
        (SIZE, True, "type", "must be a whole number"),
        (SIZE, 30.0, "type", "must be a whole number"),
        ({"type": "integer"}, 10**400, "max_value", "must be at most 9007199254740991"),
        ({"type": "integer", "step": 5}, 7, "step", "must be a multiple of 5"),
        ({"type": "integer", "step": 5, "min_value": 3}, 14, "step", "must be 3 or more in steps of 5"),
        ({"type": "number"}, float("nan"), "type", "must be a number"),
        ({"type": "number"}, float("-inf"), "type", "must be a number"),
        ({"type": "number"}, -(10**400), "min_value", "must be at least -9007199254740991"),
        ({"type": "number"}, False, "type", "must be a number"),
        ({"type": "number", "precision": 1}, 1.25, "precision", "must have at most 1 decimal place"),
        ({"type": "number", "precision": 0}, 1.5, "precision", "must be a whole number"),
        ({"type": "number", "step": 0.1}, 0.35, "step", "must be a multiple of 0.1"),
        ({"type": "percentage"}, 101, "max_value", "must be at most 100"),
        ({"type": "percentage"}, -0.5, "min_value", "must be at least 0"),
        ({"type": "boolean"}, 1, "type", "must be true or false"),
        ({"type": "boolean"}, "true", "type", "must be true or false"),
        (MAINTENANCE, "2025-07-31", "min_date", "must not be before 2025-08-01"),
        (MAINTENANCE, "2025-09-01", "max_date", "must not be after 2025-08-31"),
        (MAINTENANCE, "20250816", "format", "must be a date, such as 2025-08-16"),
        (MAINTENANCE, "2025-02-30", "format", "must be a day that there is"),
        (MAINTENANCE, 20250816, "type", "must be a date, such as 2025-08-16"),
        ({"type": "time"}, "25:00", "format", "must be a time that there is"),
        ({"type": "time", "max_time": "18:00"}, "18:01", "max_time", "must not be after 18:00"),
        ({"type": "datetime"}, "2025-08-16T10:30:00", "format", MOMENT),
        ({"type": "datetime"}, "2025-08-16T10:30:00+99:00", "format", "must be a date and time that there is"),
        (
            {"type": "datetime", "min_datetime": "2025-08-16T10:00:00Z"},
            "2025-08-16T11:59:00+02:00",
            "min_datetime",
            "must not be before 2025-08-16T10:00:00Z",
        ),
        (ENVIRONMENT, "qa", "oneof", "must be one of dev, staging or prod"),
        (ENVIRONMENT, ["dev"], "oneof", "must be one of dev, staging or prod"),
        ({"type": "selection", "oneof": ["only"]}, {}, "oneof", "must be one of only"),
        ({"type": "selection", "oneof": [1, 2]}, True, "oneof", "must be one of 1 or 2"),
        ({"type": "selection", "oneof": [1, 2]}, "1", "oneof", "must be one of 1 or 2"),
        ({"type": "selection", "oneof": list(range(11))}, 12, "oneof", "must be one of the choices given"),
        ({"type": "selection", "oneof": ["dev"], "allow_custom": True}, "a\nb", "format", ONE_LINE),
        (ZONES, "a", "type", "must be a list"),
        (ZONES, ["a", "x"], "oneof", "must be one of a, b or c"),
        (ZONES, ["a", []], "oneof", "must be one of a, b or c"),
        (ZONES, ["a", "a"], "unique", "may not have the same value twice"),
        (ZONES, ["a"], "min_selections", "must have at least 2 choices"),
        (ZONES, ["a", "b", "c"], "max_selections", "must have at most 2 choices"),
    ],
)
def test_an_answer_that_breaks_a_rule_gets_its_code_and_a_sentence(keys, value, code, message):
    checked = judged(keys, value)
    assert [(one.path, one.code, one.message) for one in checked.faults] == [(("answer",), code, message)]
    assert checked.values == {}


@pytest.mark.parametrize(
    ("keys", "value", "limits"),
    [
        (SIZE, 1001, {"max_value": 1000}),
        (APP, "ab", {"min_length": 3}),
        (DATABASE, "a-b", {"regexp": "^[a-z][a-z0-9_]*$"}),
        (ENVIRONMENT, "qa", {"oneof": ["dev", "staging", "prod"]}),
        (ZONES, ["a"], {"min_selections": 2}),
        (MAINTENANCE, "2025-07-31", {"min_date": "2025-08-01"}),
    ],
)
def test_a_fault_carries_the_limit_for_programs(keys, value, limits):
    (fault,) = judged(keys, value).faults
    assert fault.limits == limits


def test_every_rule_that_is_broken_is_told():
    assert [one.code for one in judged(APP, "A").faults] == ["min_length", "regexp"]


REQUIRED = {"required": True}


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        ({"type": "string"}, ABSENT),
        ({"type": "string"}, None),
        ({"type": "string"}, ""),
        ({"type": "string"}, "  \t"),
        ({"type": "textarea"}, "\n"),
        ({"type": "integer"}, None),
        ({"type": "integer"}, ""),
        ({"type": "boolean"}, None),
        (ENVIRONMENT, ""),
        (ZONES, []),
        ({"type": "string", "default": "x"}, ""),
    ],
)
def test_a_required_answer_must_be_there(keys, value):
    assert [one.code for one in judged({**keys, **REQUIRED}, value).faults] == ["required"]


def test_false_is_an_answer():
    assert judged({"type": "boolean", **REQUIRED}, False).values == {"answer": False}


@pytest.mark.parametrize("value", [ABSENT, None])
def test_no_answer_takes_the_default(value):
    assert judged({"type": "integer", "default": 2, **REQUIRED}, value).values == {"answer": 2}


@pytest.mark.parametrize("value", [ABSENT, None])
def test_no_answer_and_no_default_is_no_value(value):
    checked = judged({"type": "integer"}, value)
    assert (checked.values, checked.faults) == ({}, ())


@pytest.mark.parametrize(
    ("keys", "codes"),
    [
        ({**SIZE, "default": 100}, []),
        ({**SIZE, "default": 10}, ["min_value"]),
        ({**SIZE, "default": "100"}, ["type"]),
        ({**ENVIRONMENT, "default": "qa"}, ["oneof"]),
        ({"type": "string", "default": "", **REQUIRED}, ["required"]),
        ({"type": "string"}, []),
    ],
)
def test_a_default_keeps_the_rules_too(keys, codes):
    found = check_default(field(**keys))
    assert ([one.code for one in found], {one.path for one in found} - {()}) == (codes, set())
