"""What an order costs: tables of lines, answers and amounts."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.cost import Part, Price, quote

STORAGE = {"small": 13.14, "large": 105.12}


def part(*lines: Mapping[str, Any], alias: str = "postgres", currency: str = "USD", per: str = "month", **answers: Any) -> Part:
    """An item with these lines and answers; without lines it has no price."""
    cost = {"currency": currency, "per": per, "lines": [{"label": "Line", **line} for line in lines]} if lines else None
    return Part(alias, alias.title(), cost, answers, {**answers, "parameters": answers})


def price(*parts: Part) -> Price:
    quoted = quote(parts)
    assert quoted is not None
    return quoted


@pytest.mark.parametrize(
    ("line", "answers", "amount"),
    [
        ({"price": 9}, {}, "9.00"),
        ({"price": 0}, {}, "0.00"),
        ({"price": 24.0, "each": "replicas"}, {"replicas": 3}, "72.00"),
        ({"price": 24.0, "each": "replicas"}, {"replicas": 0}, "0.00"),
        ({"price": 0.1, "each": "gb"}, {"gb": 3}, "0.30"),
        ({"price": 0.115, "each": "gb", "times": "2 if ha else 1"}, {"gb": 250, "ha": True}, "57.50"),
        ({"price": 0.005}, {}, "0.01"),
        ({"price": 10, "each": "share"}, {"share": 0.5}, "5.00"),
        ({"by": "size", "prices": STORAGE}, {"size": "large"}, "105.12"),
        ({"by": "size", "prices": STORAGE, "times": "2"}, {"size": "small"}, "26.28"),
        ({"by": "zones", "prices": {"a": 1.5, "b": 2}}, {"zones": ["a", "b"]}, "3.50"),
        ({"by": "zones", "prices": {"a": 1.5}}, {"zones": []}, "0.00"),
        ({"by": "ha", "prices": {"true": 81.31, "false": 0}}, {"ha": True}, "81.31"),
        ({"by": "cores", "prices": {"2": 4}}, {"cores": 2}, "4.00"),
        ({"price": 5, "times": "ha"}, {"ha": True}, "5.00"),
    ],
)
def test_a_line_costs(line: Mapping[str, Any], answers: Mapping[str, Any], amount: str) -> None:
    assert price(part(line, **answers)).lines[0].amount == Decimal(amount)


@pytest.mark.parametrize(
    ("line", "answers", "reason"),
    [
        ({"price": 24.0, "each": "replicas"}, {}, "“Replicas” has no valid answer"),
        ({"price": 24.0, "each": "replicas"}, {"replicas": None}, "“Replicas” has no valid answer"),
        ({"price": 24.0, "each": "replicas"}, {"replicas": "3"}, "“Replicas” is no number"),
        ({"price": 24.0, "each": "replicas"}, {"replicas": True}, "“Replicas” is no number"),
        ({"price": 24.0, "each": "replicas"}, {"replicas": -1}, "“Replicas” is no number of things"),
        ({"by": "size", "prices": STORAGE}, {"size": None}, "“Size” has no valid answer"),
        ({"by": "size", "prices": STORAGE}, {"size": "huge"}, "there is no price for huge"),
        ({"price": 1, "times": "zones * 2"}, {}, "“Zones” has no valid answer"),
        ({"price": 1, "times": "parameters.zones * 2"}, {"zones": None}, "“Zones” has no valid answer"),
        ({"price": 1, "times": "'two'"}, {}, "`'two'` is no number"),
        ({"price": 1, "times": "0 - 2"}, {}, "`0 - 2` is no number of things"),
        ({"price": 1, "times": "1 / 0"}, {}, "divides by zero"),
        ({"price": 1e300, "times": "9"}, {}, "more than anything costs"),
    ],
)
def test_a_line_that_cannot_be_worked_out_is_said_so_and_never_zero(
    line: Mapping[str, Any], answers: Mapping[str, Any], reason: str
) -> None:
    quoted = price(part(line, {"price": 5}, **answers))
    assert (quoted.total, quoted.items[0].total, quoted.lines[0].amount) == (None, None, None)
    assert [reason in problem for problem in quoted.problems] == [True]


def test_a_line_of_which_there_is_none_is_left_out_whatever_else_it_asks():
    quoted = price(part({"by": "size", "prices": STORAGE, "times": "backups"}, {"price": 5}, size=None, backups=False))
    assert [line.amount for line in quoted.lines] == [5]
    assert (quoted.total, quoted.problems) == (5, ())


def test_labels_are_templates_over_the_answers():
    label = "EKS app, {{ replicas }} {{ 'replica' if replicas == 1 else 'replicas' }}"
    assert price(part({"label": label, "price": 24, "each": "replicas"}, replicas=3)).lines[0].label == "EKS app, 3 replicas"


def test_a_label_that_cannot_be_worked_out_takes_no_price_away():
    quoted = price(part({"label": "{{ nowhere }}", "price": 24}))
    assert (quoted.lines[0].label, quoted.total) == ("line 1", 24)


def test_a_label_without_its_answer_is_told_by_what_it_hangs_on():
    quoted = price(part({"label": "{{ size }}", "by": "size", "prices": STORAGE}, size=None))
    assert quoted.lines[0].label == "Size"


def test_a_bundle_costs_itself_and_its_items():
    quoted = price(part({"price": 24}, alias="app"), part({"price": 9.5}, alias="redis"), part({"price": 1}, alias="bundle"))
    assert [(item.alias, item.total) for item in quoted.items] == [("app", 24), ("redis", Decimal("9.50")), ("bundle", 1)]
    assert (quoted.total, quoted.monthly, quoted.currency) == (Decimal("34.50"), Decimal("34.50"), "USD")


def test_an_item_without_a_price_is_named_and_not_counted_as_nothing():
    quoted = price(part({"price": 24}), part(alias="redis"))
    assert (quoted.total, quoted.unpriced, quoted.items[1].total) == (24, ("Redis",), None)


def test_an_order_of_things_without_a_price_has_none():
    assert quote([part(), part(alias="redis")]) is None


def test_different_currencies_are_not_added_up():
    quoted = price(part({"price": 24}), part({"price": 9}, alias="redis", currency="EUR"))
    assert (quoted.total, quoted.currency, quoted.per) == (None, None, "month")
    assert quoted.problems == ("EUR a month and USD a month are not added up",)


def test_different_periods_are_not_added_up():
    quoted = price(part({"price": 24}), part({"price": 9}, alias="redis", per="year"))
    assert (quoted.total, quoted.monthly, quoted.currency) == (None, None, "USD")


def test_what_has_no_coins_is_rounded_to_whole_ones():
    assert price(part({"price": 99.5}, currency="JPY")).total == 100


def test_a_price_is_kept_as_plain_json():
    told = price(part({"price": 0.1, "each": "gb"}, gb=3), part(alias="redis")).as_json()
    assert json.loads(json.dumps(told)) == {
        "currency": "USD",
        "per": "month",
        "total": 0.3,
        "items": [
            {"alias": "postgres", "title": "Postgres", "total": 0.3, "lines": [{"label": "Line", "amount": 0.3}]},
            {"alias": "redis", "title": "Redis", "total": None, "lines": []},
        ],
        "problems": [],
        "unpriced": ["Redis"],
    }


LINES = st.lists(st.tuples(st.decimals(0, 10_000, places=3), st.integers(0, 500)), min_size=1, max_size=5)


@given(LINES, LINES)
def test_totals_are_what_the_lines_add_up_to(first: Any, second: Any) -> None:
    def priced(alias: str, lines: Any) -> Part:
        answers = {f"n{at}": count for at, (_, count) in enumerate(lines)}
        return part(*({"price": float(one), "each": f"n{at}"} for at, (one, _) in enumerate(lines)), alias=alias, **answers)

    quoted = price(priced("app", first), priced("redis", second))
    assert quoted.total == sum(line.amount or 0 for line in quoted.lines)
    exact = sum(one * count for one, count in [*first, *second])
    assert quoted.total is not None
    assert abs(quoted.total - exact) <= Decimal("0.005") * len([*first, *second])
