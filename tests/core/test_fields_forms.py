"""Several fields at once: unknown names, fixed values, conditions; and the texts of HTML forms."""

import pytest

from app.core.fields import ABSENT, Field, check, from_text, to_text, with_blanks


def field(name, kind="string", **keys):
    return Field.model_validate({"name": name, "type": kind, **keys})


def faults(checked):
    return [(one.path, one.code) for one in checked.faults]


FORM = [field("app_name", required=True), field("replicas", "integer", default=2, max_value=10), field("note", "textarea")]


def test_all_faults_of_a_form_are_told_at_once():
    checked = check(FORM, {"replicas": 11, "replica": 1, "note": 7})
    assert faults(checked) == [
        (("app_name",), "required"),
        (("replicas",), "max_value"),
        (("note",), "type"),
        (("replica",), "unknown_field"),
    ]


def test_a_name_that_is_nearly_right_gets_a_hint():
    (fault,) = check(FORM, {"app_name": "x", "replica": 1}).faults
    assert fault.message == "is not a field of this form; did you mean replicas?"


def test_unknown_names_are_told_up_to_a_hundred():
    assert len(check(FORM, {"app_name": "x"} | {f"x{number}" * 50: 1 for number in range(1000)}).faults) == 100


@pytest.mark.parametrize("answers", [None, [], "x", 3, True])
def test_answers_that_are_no_object_are_one_fault(answers):
    assert faults(check(FORM, answers)) == [((), "type")]


def test_values_come_in_the_order_of_the_form():
    assert list(check(FORM, {"note": "n", "app_name": "a"}).values) == ["app_name", "replicas", "note"]


def test_blanks_make_every_name_known():
    assert with_blanks(FORM, {"replicas": 2}) == {"app_name": None, "replicas": 2, "note": None}


class TestFixed:
    FORM = [field("app_type"), field("multi_az", "boolean"), field("zones", "multiselect", options=["a", "b"])]
    FIXED = {"app_type": "web-frontend", "multi_az": True}

    @pytest.mark.parametrize("answers", [{}, {"app_type": "web-frontend"}, {"app_type": None, "multi_az": True}])
    def test_the_fixed_value_is_taken_whether_sent_or_not(self, answers):
        checked = check(self.FORM, answers, fixed=self.FIXED)
        assert (checked.values, checked.faults) == (self.FIXED, ())

    @pytest.mark.parametrize("answers", [{"app_type": "api"}, {"multi_az": False}, {"multi_az": 1}, {"app_type": [[]]}])
    def test_another_value_is_refused(self, answers):
        checked = check(self.FORM, answers, fixed=self.FIXED)
        assert faults(checked) == [((name,), "fixed") for name in answers]

    def test_the_message_names_the_value(self):
        (fault,) = check(self.FORM, {"multi_az": False}, fixed=self.FIXED).faults
        assert (fault.message, fault.limits) == ("is set to true here and cannot be changed", {"fixed": True})

    def test_a_sensitive_value_is_not_named(self):
        (fault,) = check([field("key", sensitive=True)], {"key": "x"}, fixed={"key": "canary"}).faults
        assert "canary" not in f"{fault.message}{fault.limits}"

    def test_a_fixed_value_keeps_the_rules_of_the_field(self):
        assert faults(check(self.FORM, {}, fixed={"multi_az": "yes"})) == [(("multi_az",), "type")]

    def test_a_fixed_value_stands_though_its_field_is_not_asked(self):
        form = [field("size", visible_when="false")]
        assert check(form, {}, fixed={"size": "m"}).values == {"size": "m"}

    def test_a_readonly_field_keeps_its_default(self):
        form = [field("region", readonly=True, default="eu")]
        assert check(form, {}).values == check(form, {"region": "eu"}).values == {"region": "eu"}
        assert faults(check(form, {"region": "us"})) == [(("region",), "readonly")]


class TestConditions:
    FORM = [
        field("backup", "boolean", default=False),
        field("retention", "integer", required=True, visible_when="backup"),
        field("archive", required=True, conditional={"field": "retention", "value": [30, 35]}),
    ]

    @pytest.mark.parametrize(
        ("answers", "values"),
        [
            ({}, {"backup": False}),
            ({"retention": 30, "archive": "x"}, {"backup": False}),
            ({"retention": "wrong"}, {"backup": False}),
            ({"backup": True, "retention": 7, "archive": 9}, {"backup": True, "retention": 7}),
            ({"backup": True, "retention": 30, "archive": "s3"}, {"backup": True, "retention": 30, "archive": "s3"}),
        ],
    )
    def test_answers_to_what_is_not_asked_are_dropped(self, answers, values):
        checked = check(self.FORM, answers)
        assert (checked.values, checked.faults) == (values, ())

    def test_what_is_asked_is_required(self):
        assert faults(check(self.FORM, {"backup": True})) == [(("retention",), "required")]

    def test_the_fields_that_are_not_asked_are_named(self):
        assert check(self.FORM, {}).hidden == {"retention", "archive"}

    def test_true_is_not_one_in_a_condition(self):
        form = [field("on", "boolean"), field("more", conditional={"field": "on", "value": 1})]
        assert check(form, {"on": True}).hidden == {"more"}

    @pytest.mark.parametrize(
        "expression", ["parameters.tier == 'gold'", "tier == 'gold'", "bundle.ha", "{{ tier in ['gold'] }}"]
    )
    def test_a_condition_reads_answers_and_the_scope(self, expression):
        form = [field("tier"), field("more", visible_when=expression)]
        assert check(form, {"tier": "gold"}, scope={"bundle": {"ha": True}}).hidden == set()
        assert check(form, {"tier": "iron"}, scope={"bundle": {"ha": False}}).hidden == {"more"}

    def test_a_bundle_may_read_its_own_answers_below_its_name(self):
        form = [field("enable_ha", "boolean"), field("zones", visible_when="bundle.enable_ha")]
        assert check(form, {"enable_ha": False}, own="bundle").hidden == {"zones"}

    def test_a_condition_that_cannot_be_worked_out_asks(self):
        form = [field("number", "integer"), field("more", required=True, visible_when="number > 2")]
        assert faults(check(form, {"number": "x"})) == [(("number",), "type"), (("more",), "required")]

    def test_fields_that_depend_on_each_other_are_asked(self):
        form = [field("a", visible_when="b == 'x'"), field("b", visible_when="a == 'x'")]
        assert check(form, {"a": "x", "b": "x"}).values == {"a": "x", "b": "x"}


NUMBERS = {"oneof": [1, 2.5, True]}


@pytest.mark.parametrize(
    ("keys", "raw", "value"),
    [
        ({}, [""], ABSENT),
        ({}, [], ABSENT),
        ({"required": True}, [""], ""),
        ({}, [" a "], " a "),
        ({"kind": "textarea"}, ["a\r\nb"], "a\nb"),
        ({"kind": "integer"}, [" 3 "], 3),
        ({"kind": "integer"}, ["3.0"], "3.0"),
        ({"kind": "integer"}, ["9" * 100], "9" * 100),
        ({"kind": "integer"}, ["٣"], "٣"),
        ({"kind": "integer"}, [""], ABSENT),
        ({"kind": "number"}, ["1.5"], 1.5),
        ({"kind": "number"}, ["2"], 2),
        ({"kind": "number"}, ["1e400"], "1e400"),
        ({"kind": "number"}, ["nan"], "nan"),
        ({"kind": "boolean"}, ["on"], True),
        ({"kind": "boolean"}, [], False),
        ({"kind": "boolean"}, ["false", "true"], True),
        ({"kind": "boolean"}, ["maybe"], "maybe"),
        ({"kind": "selection", **NUMBERS}, ["1"], 1),
        ({"kind": "selection", **NUMBERS}, ["2.5"], 2.5),
        ({"kind": "selection", **NUMBERS}, ["true"], True),
        ({"kind": "selection", **NUMBERS}, ["7"], "7"),
        ({"kind": "multiselect", "options": [1, "a"]}, ["1", "a"], [1, "a"]),
        ({"kind": "multiselect", "options": [1, "a"]}, [], []),
        ({"kind": "date"}, ["2025-08-16"], "2025-08-16"),
        ({"kind": "datetime"}, ["2025-08-16T10:30"], "2025-08-16T10:30:00+00:00"),
        ({"kind": "datetime", "timezone": "America/Chicago"}, ["2025-08-16T10:30"], "2025-08-16T10:30:00-05:00"),
        ({"kind": "datetime"}, ["2025-08-16T10:30:00-05:00"], "2025-08-16T10:30:00-05:00"),
        ({"kind": "datetime"}, ["2025-02-30T10:30"], "2025-02-30T10:30"),
        ({"kind": "datetime"}, ["soon"], "soon"),
    ],
)
def test_a_posted_text_becomes_the_value_that_is_judged(keys, raw, value):
    result = from_text(field("answer", **keys), raw)
    assert (result, type(result)) == (value, type(value))


@pytest.mark.parametrize(
    ("keys", "value", "text"),
    [
        ({}, ABSENT, ""),
        ({}, None, ""),
        ({}, "a", "a"),
        ({"kind": "integer"}, 3, "3"),
        ({"kind": "number"}, 0.1, "0.1"),
        ({"kind": "boolean"}, True, "true"),
        ({"kind": "selection", **NUMBERS}, True, "true"),
        ({"kind": "selection", **NUMBERS}, [], "[]"),
        ({"kind": "multiselect", "options": [1, "a"]}, [1, "x"], ["1", "x"]),
        ({"kind": "multiselect", "options": [1, "a"]}, "x", []),
        ({"kind": "datetime", "timezone": "America/Chicago"}, "2025-08-16T15:30:00Z", "2025-08-16T10:30:00"),
        ({"kind": "datetime"}, "soon", "soon"),
        ({"kind": "datetime"}, 7, "7"),
    ],
)
def test_a_value_is_shown_as_its_input_takes_it(keys, value, text):
    assert to_text(field("answer", **keys), value) == text
