"""Runaway templates: each ends quickly, with an ExpressionError."""

import time

import pytest

from app.core.expressions import ExpressionError, evaluate, render

FAST = 2.0
SHARED = {"text": "x" * 100_000, "many": [["y" * 1000] * 500] * 500, "number": 10**100}

RUNAWAYS = [
    "{{ 'a' * 10**9 }}",
    "{{ 10**9 * 'a' }}",
    "{{ [0] * 10**9 }}",
    "{{ 'a' | center(10**9) }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '%1000000000d' | format(1) }}",
    "{{ lipsum(100000) }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ (10 ** 60) * (10 ** 60) }}",
    "{{ number }}",
    "{{ range(10 ** 9) }}",
    "{% for a in range(1000) %}{% for b in range(1000) %}{% for c in range(1000) %}x{% endfor %}{% endfor %}{% endfor %}",
    "{% for a in range(1000) %}{% for b in range(1000) %}{% endfor %}{% endfor %}",
    "{% for a in range(1000) %}{{ text }}{% endfor %}",
    "{% for a in range(1000) %}{{ range(1000) | map('string') | join }}{% endfor %}",
    "{{ [[[1] * 1000] * 1000] * 1000 == [[[1] * 1000] * 1000] * 1000 }}",
    "{{ [[[text] * 1000] * 1000] * 1000 }}",
    "{{ many }}",
    "{{ many | tojson }}",
    "{{ many | string | length }}",
    "{{ many | map('join') | join }}",
    "{{ many | unique }}",
    "{{ many is eq many }}",
    "{{ text | replace('', text) }}",
    "{{ text | list | join(text) }}",
    "{{ ([text] * 3) | join }}",
    "{{ text ~ text ~ text }}",
    "{{ text + text + text }}",
    "{{ text * 3 }}",
    "{{ 1.5 | round(10 ** 9) }}",
    "{{ 1e308 * 10 }}",
    "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "{{ " + "+".join(["1"] * 5000) + " }}",
    "{{ " + "not " * 5000 + "1 }}",
    "{{ " + "[" * 500 + "]" * 500 + " }}",
    "{{ " + "9" * 50_000 + " }}",
    "{{ a" + ".a" * 5000 + " }}",
    "{% if 1 %}" * 500 + "{% endif %}" * 500,
    "{{ 1 }}" * 50_000,
]


@pytest.mark.parametrize("template", RUNAWAYS, ids=lambda text: text[:60])
def test_a_runaway_template_fails_fast(template):
    started = time.monotonic()
    with pytest.raises(ExpressionError):
        render(template, SHARED)
    assert time.monotonic() - started < FAST


def test_the_budget_is_that_of_the_whole_template():
    loop = "{% for a in range(900) %}{% for b in range(50) %}{% endfor %}{% endfor %}"
    assert render(loop, {}) == ""
    with pytest.raises(ExpressionError, match="too much work"):
        render([loop] * 10, {})


def test_indentation_is_bounded():
    assert len(evaluate("'a\nb' | indent(10 ** 9)", {})) < 100


@pytest.mark.parametrize(
    "expression",
    [
        "''.__class__",
        "''['__class__']",
        "[].__class__.__mro__",
        "name.__init__",
        "__builtins__",
        "items.__class__",
        "range.__globals__",
        "self.__init__",
        "cycler.__init__.__globals__",
        "().__class__.__bases__[0].__subclasses__()",
        "items | attr('__class__')",
        "[items] | map(attribute='__class__') | list",
        "'{0.__class__}'.format(items)",
        "loop.__class__",
        "name.format",
        "name['upper']",
        "items.keys",
    ],
)
def test_nothing_but_data_can_be_reached(expression):
    with pytest.raises(ExpressionError):
        evaluate(expression, {"name": "x", "items": {"a": 1}})
