from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.expressions import ExpressionError, check_expression, check_syntax, evaluate, render

SCOPE = {
    "replicas": 3,
    "name": "customer-portal",
    "parameters": {"replicas": 3, "tags": ["web", "api"], "items": "a key named like a method"},
    "items": {"redis": {"selected": False, "outputs": {}}, "eks_app": {"selected": True, "outputs": {"url": "https://x"}}},
    "ports": [{"name": "web", "number": 80}, {"name": "tls", "number": 443}],
}


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{{ replicas }}", 3),
        ("{{ replicas * 2 }}", 6),
        ("  {{ replicas }}\n", 3),
        ("{# how many #}{{ replicas }}", 3),
        ("{{ true }}", True),
        ("{{ none }}", None),
        ("{{ parameters.tags }}", ["web", "api"]),
        ("{{ {'a': [1, 2.5]} }}", {"a": [1, 2.5]}),
        ("{{ name }}", "customer-portal"),
    ],
)
def test_a_template_that_is_one_expression_keeps_its_type(template, value):
    result = render(template, SCOPE)
    assert (result, type(result)) == (value, type(value))


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("n = {{ replicas }}", "n = 3"),
        ("{{ replicas }}{{ replicas }}", "33"),
        ("ha={{ true }} {{ false }}", "ha=true false"),
        ("[{{ none }}]", "[]"),
        ("tags {{ parameters.tags }}", 'tags ["web", "api"]'),
        ("{% if replicas > 2 %}many{% elif replicas %}few{% else %}none{% endif %}", "many"),
        ("{% for p in ports %}{{ loop.index }}:{{ p.number }}{% if not loop.last %}, {% endif %}{% endfor %}", "1:80, 2:443"),
        ("{% for p in ports if p.number > 100 %}{{ p.name }}{% else %}no{% endfor %}", "tls"),
        ("{% for p in [] %}x{% else %}nothing{% endfor %}", "nothing"),
        ("{% for k, v in {'a': 1}|items %}{{ k }}={{ v }}{% endfor %}", "a=1"),
        ("one\n{% if true %}\ntwo\n{% endif %}\n", "one\ntwo\n"),
        ("{% raw %}{{ replicas }}{% endraw %}", "{{ replicas }}"),
        ("no expression", "no expression"),
    ],
)
def test_longer_templates_become_text(template, text):
    assert render(template, SCOPE) == text


def test_rendering_goes_into_dicts_and_lists_and_leaves_names_alone():
    template = {"{{ name }}": ["{{ replicas }}", 7, None, True], "b": {"c": "x{{ replicas }}"}}
    assert render(template, SCOPE) == {"{{ name }}": [3, 7, None, True], "b": {"c": "x3"}}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 2 * 3 - 4 / 2 + 7 // 2 + 7 % 4 + 2 ** 3", 19.0),
        ("-replicas + 1", -2),
        ("'a' + 'b'", "ab"),
        ("[1] + [2]", [1, 2]),
        ("'ab' * 2", "abab"),
        ("name ~ ':' ~ replicas ~ true ~ none", "customer-portal:3true"),
        ("1 < 2 <= 2 != 3", True),
        ("'a' in 'abc' and 4 not in [1, 2]", True),
        ("replicas == 3 and not items.redis.selected", True),
        ("items.redis.selected or 'other'", "other"),
        ("'yes' if replicas > 5", None),
        ("parameters.items", "a key named like a method"),
        ("parameters['tags'][-1]", "api"),
        ("name[:8] ~ ports[0]['name']", "customerweb"),
        ("range(1, 4)", [1, 2, 3]),
        ("nothing | default('x')", "x"),
        ("nothing.at.all | default('x')", "x"),
        ("none | d('x', true)", "x"),
        ("items.redis.outputs.endpoint is defined", False),
        ("items.eks_app.outputs.url is defined and nothing is undefined", True),
        ("items.redis.outputs.endpoint if items.redis.selected else none", None),
        ("(1, 2)", [1, 2]),
    ],
)
def test_expressions_are_those_of_jinja(expression, value):
    result = evaluate(expression, SCOPE)
    assert (result, type(result)) == (value, type(value))


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("-3 | abs", 3),
        ("(-3) | abs", 3),
        ("'aB' | upper ~ ('aB' | lower) ~ ('aB c' | title) ~ ('aB' | capitalize)", "ABabAb CAb"),
        ("[3, 1, 2] | sort | join('-')", "1-2-3"),
        ("['b', 'A'] | sort", ["A", "b"]),
        ("ports | sort(attribute='number', reverse=true) | map(attribute='name') | list", ["tls", "web"]),
        ("ports | map(attribute='nothing', default=0) | list", [0, 0]),
        ("ports | selectattr('number', 'gt', 100) | list | length", 1),
        ("ports | rejectattr('number', 'gt', 100) | map(attribute='name') | first", "web"),
        ("[1, 2, 3, 4] | select('even') | list", [2, 4]),
        ("[0, 1, ''] | reject | list", [0, ""]),
        ("['a', 'b'] | map('upper') | join", "AB"),
        ("[1, 2] | sum + ([] | sum)", 3),
        ("ports | sum(attribute='number')", 523),
        ("[2, 1] | min ~ ([2, 1] | max)", "12"),
        ("['a', 'A', 'b'] | unique", ["a", "b"]),
        ("'abc' | reverse ~ ([1, 2] | reverse | last)", "cba1"),
        ("{'b': 1, 'a': 2} | dictsort", [["a", 2], ["b", 1]]),
        ("' a ' | trim ~ '|'", "a|"),
        ("'a-b' | replace('-', '_')", "a_b"),
        ("'one\ntwo' | indent(2)", "one\n  two"),
        ("'a long text' | truncate(8, leeway=0)", "a..."),
        ("'12' | int + ('x' | int(7))", 19),
        ("'1.5' | float + ('x' | float)", 1.5),
        ("2.567 | round(1) + (2.1 | round(method='ceil')) + (2.9 | round(0, 'floor'))", 7.6),
        ("3 | string ~ ({'a': 1} | tojson)", '3{"a": 1}'),
        ("'a b/c?' | urlencode", "a%20b/c%3F"),
        ("{'q': 'a b', 'n': 1} | urlencode", "q=a%20b&n=1"),
        ("{'a': 1} | list ~ ('ab' | length)", '["a"]2'),
    ],
)
def test_filters_mean_what_they_mean_in_jinja(expression, value):
    assert evaluate(expression, SCOPE) == value


@pytest.mark.parametrize(
    "expression",
    [
        "1 is number and true is not number and 1.5 is float and 1 is integer and true is boolean",
        "'a' is string and [] is sequence and {} is mapping and none is none",
        "2 is even and 3 is odd and 9 is divisibleby(3) and true is true and false is false",
        "1 is in [1] and 2 is gt 1 and 1 is le 1 and 1 is eq 1 and 1 is ne 2 and 'a' is lower and 'A' is upper",
    ],
)
def test_tests_mean_what_they_mean_in_jinja(expression):
    assert evaluate(expression, {}) is True


def test_a_bare_expression_may_stand_in_braces():
    assert evaluate("replicas > 2", SCOPE) is evaluate("{{ replicas > 2 }}", SCOPE) is True


def test_two_expressions_are_not_one():
    with pytest.raises(ExpressionError, match="must be one expression"):
        evaluate("a }} {{ b", {"a": 1, "b": 2})


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{{ replica }}", "'replica'"),
        ("x {{ replica }}", "'replica'"),
        ("{{ parameters.replica + 1 }}", "'parameters.replica'"),
        ("{{ items.redis.outputs.endpoint }}", "'items.redis.outputs.endpoint'"),
        ("{{ items['kafka'].outputs.endpoint }}", "'items.kafka'"),
        ("{% for p in parts %}{% endfor %}", "'parts'"),
        ("{{ ports | map(attribute='colour') | list }}", "'colour'"),
        ("{{ [] | first }}", "first of nothing"),
        ("{{ nothing or 1 }}", "'nothing'"),
    ],
)
def test_a_missing_name_is_named(template, name):
    with pytest.raises(ExpressionError, match=name):
        render(template, SCOPE)


def test_an_error_says_where_it_is_and_what_there_would_be():
    with pytest.raises(ExpressionError) as caught:
        render({"variables": {"url": ["{{ items.eks_app.outputs.link }}"]}}, SCOPE)
    assert caught.value.message == (
        "variables.url.0: 'items.eks_app.outputs.link' is not known here; there is url, in `{{ items.eks_app.outputs.link }}`"
    )


UNFIT = """
1 / 0; 1 % 0; 'a' + 1; [] - []; 'a' < 1; 1 | replace; 1 | upper('x'); {1: 2}; -'a'; range('a'); range(1, 2, 0)
[1] | sort(colour=1); 'a' | map; [1] | map('nope') | list; [1] | select('nope'); 5[1:2]; 1 in 2; [1, 'a'] | sort; ['a'] | sum
'x' is divisibleby(2); [] | upper; 1 | items; 1 | list; [] is lower; 1.5 | round(0, 'up'); [1] | selectattr | list
"""


@pytest.mark.parametrize("expression", [one.strip() for one in UNFIT.replace("\n", ";").split(";") if one.strip()])
def test_what_does_not_go_together_is_an_expression_error(expression):
    with pytest.raises(ExpressionError):
        evaluate(expression, {})


def test_messages_never_quote_values():
    with pytest.raises(ExpressionError) as caught:
        evaluate("password + 1", {"password": "hunter2"})
    assert "hunter2" not in str(caught.value)


def test_only_plain_data_may_be_used():
    with pytest.raises(ExpressionError, match="of the kind object"):
        evaluate("thing", {"thing": object()})


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ a", "cannot be read"),
        ("{{ a b }}", "cannot be read"),
        ("{% set x = 1 %}", "only {% if %} and {% for %} may be used, not assign"),
        ("{% macro m() %}{% endmacro %}", "not macro"),
        ("{% include 'x' %}", "not include"),
        ("{% for x in y recursive %}{% endfor %}", "may not be recursive"),
        ("{{ a | lowr }}", "no filter 'lowr'; write 'lower'"),
        ("{{ a is definde }}", "no test 'definde'; write 'defined'"),
        ("{{ a.upper() }}", "use filters instead of methods"),
        ("{{ lipsum() }}", "only range"),
        ("{{ a | join(*b) }}", "\\* and \\*\\* cannot be used"),
    ],
)
def test_what_the_language_leaves_out_is_told_at_load_and_at_run_time(template, message):
    with pytest.raises(ExpressionError, match=message):
        render(template, {"a": "x", "y": []})
    assert len(check_syntax(template)) == 1


def test_every_fault_of_every_text_is_told():
    assert len(check_syntax({"a": ["{{ x | foo }} {{ y | bar }}", "{{"], "b": "fine {{ x }}"})) == 3


@pytest.mark.parametrize(("expression", "count"), [("a and b", 0), ("{{ a }}", 0), ("a b", 1), ("a }} {{ b", 1), ("", 1)])
def test_bare_expressions_are_checked_as_such(expression, count):
    assert len(check_expression(expression)) == count


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)


@given(JSON)
def test_a_value_comes_out_as_it_went_in(value):
    assert render("{{ value }}", {"value": value}) == value


@given(st.text() | st.sampled_from(["{{ 7 * 7 }}", "{% if true %}x{% endif %}", "{# gone #}", "{{ secrets.token }}"]))
def test_what_a_user_writes_is_never_a_template(text):
    scope = {"text": text, "secrets": {"token": "canary"}}
    assert render({"a": "{{ text }}", "b": "<{{ text }}>", "c": "{{ text ~ '' }}"}, scope) == {
        "a": text,
        "b": f"<{text}>",
        "c": text,
    }


@given(st.text(max_size=200) | st.text(alphabet="{}%#|.()[]'\"~+-*/ abx12\n", max_size=60))
def test_no_template_breaks_the_evaluator(source):
    for text in (source, "{{ " + source + " }}"):
        with suppress(ExpressionError):
            render(text, {"a": 1, "b": "x", "x": [1, {"a": 2}]})
