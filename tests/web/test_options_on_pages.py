"""Choices of other systems in the form: a menu, a search, an old list, and none at all."""

import dataclasses
import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import update

from app.catalog.options import Options
from app.models.tables import OPTION_LIST
from app.outbound import Outbound
from tests.fixtures.browser_client import words
from tests.fixtures.house import http, item
from tests.steps.scripted import Answer, scripted

PATH = "/order/items/make"


@pytest.fixture
def sarah(house, people, signed_in, monkeypatch):
    """`sarah(answer, …)`: she is before a form whose choices come from a source that answers so."""
    monkeypatch.setitem(house.app.extensions, "options", Options(Outbound(["127.0.0.1"], allow_loopback=True)))
    opened = []

    def begin(*answers, path="/", **keys):
        opened.append(scripted(*answers))
        source = opened[-1].__enter__()
        spec = {"url": source.url + path, **keys}
        fields = [
            {"name": "region", "type": "string"},
            {"name": "cluster", "type": "selection", "required": True, "options_from": spec},
            {"name": "nets", "type": "multiselect", "options_from": spec},
        ]
        house.offer(make=item(http("make"), fields=json.dumps(fields)))
        return signed_in("sarah-123")

    yield begin
    for server in opened:
        server.__exit__(None, None, None)


def later(house, **more):
    with house.engine.begin() as connection:
        columns = OPTION_LIST.c
        connection.execute(
            update(OPTION_LIST).values(
                fetched_at=columns.fetched_at - timedelta(**more), tried_at=columns.tried_at - timedelta(**more)
            )
        )


def test_few_choices_are_a_menu_and_boxes(sarah):
    page = sarah(Answer(body=[{"id": "c-1", "name": "Frankfurt"}]), value="id", label="name").get(PATH)
    assert re.search(r'<select class="input" id="item-cluster"', page.text)
    assert '<option value="c-1">Frankfurt</option>' in page.text
    assert re.search(r'<input type="checkbox" id="item-nets" name="item.nets" value="c-1"', page.text)


def test_many_choices_are_searched_by_typing(sarah):
    page = sarah(Answer(body=[f"c-{number}" for number in range(40)])).get(PATH)
    assert re.search(
        r'<input class="input" id="item-cluster"[^>]*data-search="Cluster"[^>]*list="item-cl', page.text, re.DOTALL
    )
    assert '<option value="c-39">c-39</option>' in page.text
    assert re.search(r'<select class="input" id="item-nets" name="item.nets" multiple[^>]*data-search-many="Nets"', page.text)


MANY = [{"id": f"c-{number}", "name": f"Cluster {number}"} for number in range(3_204)]


def test_thousands_of_choices_are_not_in_the_page_and_are_found_by_the_server(sarah):
    browser = sarah(Answer(body=MANY), value="id", label="name")
    page = browser.get(PATH)
    assert page.text.count("c-3203") == 1, "once, to be picked with others"
    found = browser.send(PATH, {"do": "choices", "of": "item.cluster", "q": "CLUSTER 320"}).json
    assert found["choices"][:2] == [["c-320", "Cluster 320"], ["c-3200", "Cluster 3200"]]
    assert found["said"] == "5 of 3,204"
    every = browser.send(PATH, {"do": "choices", "of": "item.cluster", "q": ""}).json
    assert (len(every["choices"]), every["said"]) == (50, "3,204 of 3,204, the first 50 are shown: type more")


def test_a_wrong_answer_out_of_thousands_hears_what_is_near(sarah):
    browser = sarah(Answer(body=MANY), value="id", label="name")
    said = "Cluster is not among the 3,204 choices offered; the nearest are "
    assert f"{said}c-320, c-3200, c-3201, c-3202, c-3203." in words(browser.send(PATH, {"item.cluster": "Cluster 320"}))
    assert f"{said}c-3" in words(browser.send(PATH, {"item.cluster": "c_3"}))


@pytest.mark.parametrize("of", ["item.region", "item.nothing", "item.cluster.0", "team", ""])
def test_only_what_is_chosen_from_elsewhere_is_searched(sarah, of):
    browser = sarah(Answer(body=["c-1"]))
    found = browser.send(PATH, {"do": "choices", "of": of, "q": "c"}).json
    assert found == {"choices": [], "said": "There is nothing to choose here."}


def test_a_search_that_hangs_on_another_answer_says_so(sarah):
    browser = sarah(Answer(body=["c-1"]), path="/{{ region }}", depends_on=["region"])
    assert browser.send(PATH, {"do": "choices", "of": "item.cluster", "q": ""}).json["said"] == "Choose Region first"
    found = browser.send(PATH, {"do": "choices", "of": "item.cluster", "q": "", "item.region": "north"}).json
    assert found == {"choices": [["c-1", "c-1"]], "said": "1 of 1"}


def test_whoever_searches_too_fast_hears_to_wait(sarah, house, monkeypatch):
    browser = sarah(Answer(body=["c-1"]))
    limits = house.app.extensions["limits"]
    monkeypatch.setitem(house.app.extensions, "limits", dataclasses.replace(limits, allowed={**limits.allowed, "choices": 2}))
    answers = [browser.send(PATH, {"do": "choices", "of": "item.cluster", "q": ""}) for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_an_old_list_is_shown_with_its_age_while_its_source_is_down(sarah, house):
    browser = sarah(Answer(body=["c-1"]), Answer(500))
    browser.get(PATH)
    later(house, hours=2)
    page = browser.get(PATH)
    assert re.search(r"As of \d\d:\d\d UTC, the source does not answer", words(page))
    assert '<option value="c-1">c-1</option>' in page.text


def test_a_source_that_never_answered_leaves_a_text_and_a_word_of_it(sarah):
    browser = sarah(Answer(500))
    assert "The source of its choices does not answer now" in words(browser.get(PATH))
    page = browser.send(PATH, {"item.cluster": "c-1"})
    assert page.status_code == 422
    assert "Cluster cannot be checked now: the source of its choices answers with status 500." in words(page)
    assert 'value="c-1"' in page.text


def test_what_is_not_offered_any_more_stays_to_be_seen(sarah):
    page = sarah(Answer(body=["c-1"])).send(PATH, {"item.cluster": "c-9"})
    assert page.status_code == 422
    assert "Cluster is not among the choices offered; choose one of c-1." in words(page)
    assert '<option value="c-9" selected>c-9, not offered now</option>' in page.text


def test_without_script_a_button_shows_what_hangs_on_another_answer(sarah):
    browser = sarah(Answer(body=["c-1"]), path="/{{ region }}", depends_on=["region"])
    assert "Choose Region first" in words(browser.get(PATH))
    page = browser.send(PATH, {"do": "again", "item.region": "north"})
    assert '<option value="c-1">c-1</option>' in page.text


def test_the_review_calls_a_choice_by_its_name(sarah):
    browser = sarah(Answer(body=[{"id": "c-1", "name": "Frankfurt"}]), value="id", label="name")
    assert "Cluster Frankfurt" in words(browser.send(PATH, {"item.cluster": "c-1"}))


def test_the_entry_says_that_its_choices_are_kept_elsewhere(sarah):
    browser = sarah(Answer(body=["c-1"]))
    assert "One of a list that is kept elsewhere" in words(browser.get("/catalog/items/make"))
