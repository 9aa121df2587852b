"""What an order is held against besides its documents: choices of other systems, teams, members, answers that are taken."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from app.catalog.options import Options
from app.core.outcomes import Done
from app.errors import Invalid
from app.lifecycle.orders.preparing import prepare
from app.models.tables import OPTION_LIST, REQUEST, TAKEN
from app.outbound import Outbound
from tests.fixtures.house import http, item
from tests.steps.scripted import Answer, scripted

CLUSTERS = {"data": [{"id": "c-1", "name": "Frankfurt"}, {"id": "c-2", "name": "Dublin"}, {"id": "c-1", "name": "Again"}]}
NAMED = "[{name: title, type: string, unique: {within: %s}}]"


@pytest.fixture
def source(house, monkeypatch):
    """A source of choices: `source(answer, …)` makes an item `make` with a field `cluster` from it."""
    monkeypatch.setitem(house.app.extensions, "options", Options(Outbound(["127.0.0.1"], allow_loopback=True)))
    opened = []

    def begin(*answers, path="/clusters", **keys):
        server = scripted(*answers)
        running = server.__enter__()
        opened.append(server)
        spec = {"url": running.url + path, "items": "$.data", "value": "id", "label": "name", "cache": "1h", **keys}
        field = {"name": "cluster", "type": "selection", "options_from": spec}
        region = {"name": "region", "type": "string"}
        house.offer(make=item(http("make"), fields=json.dumps([region, field])))
        return running

    yield begin
    for server in opened:
        server.__exit__(None, None, None)


def faults(house, who="sarah-123", entry="make", team=None, **parameters):
    order = {"catalog_item": entry, "parameters": parameters} | ({"requester": {"team": team}} if team else {})
    caller = house.caller(who)
    with house.unit() as unit:
        return [(fault.pointer, fault.code, fault.message) for fault in prepare(unit.connection, caller, order).faults]


def later(house, **more):
    """Let what was fetched be older."""
    with house.engine.begin() as connection:
        for name in ("fetched_at", "tried_at"):
            connection.execute(update(OPTION_LIST).values({name: OPTION_LIST.c[name] - timedelta(**more)}))


def test_an_answer_among_the_choices_is_taken(house, source):
    source(Answer(body=CLUSTERS))
    assert faults(house, cluster="c-2") == []


def test_an_answer_that_is_not_offered_is_a_fault_that_names_what_is(house, source):
    source(Answer(body=CLUSTERS))
    told = "is not among the choices offered; choose one of c-1, c-2"
    assert faults(house, cluster="c-9") == [("/parameters/cluster", "not_in_options", told)]


def test_a_list_is_fetched_once_while_it_is_fresh(house, source):
    server = source(Answer(body=CLUSTERS))
    for _ in range(3):
        faults(house, cluster="c-1")
    assert len(server.calls) == 1


def test_an_old_list_is_fetched_again(house, source):
    source(Answer(body=CLUSTERS), Answer(body={"data": [{"id": "c-9"}]}))
    faults(house, cluster="c-1")
    later(house, hours=2)
    assert faults(house, cluster="c-9") == []


@pytest.mark.parametrize("answer", [Answer(500), Answer(body=b"<html>"), Answer(body={"data": 3}), Answer(raw=b"")])
def test_the_last_good_list_holds_while_the_source_is_down(house, source, answer):
    source(Answer(body=CLUSTERS), answer)
    faults(house, cluster="c-1")
    later(house, hours=2)
    assert faults(house, cluster="c-1") == []
    ((_, code, message),) = faults(house, cluster="c-9")
    assert code == "not_in_options"
    assert "choices offered as of " in message


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(500), "answers with status 500"),
        (Answer(body=b"<html>"), "answers with something that is no JSON"),
        (Answer(body={"data": 3}), "answers without a list at $.data"),
        (Answer(body={"data": [{"name": "x"}]}), "gives no text of at most 200 characters for choice 1"),
        (Answer(body={"data": [{"id": "x" * 201}]}), "gives no text of at most 200 characters for choice 1"),
        (Answer(body={"data": [{"id": n} for n in range(5001)]}), "answers with more than 5000 choices"),
        (Answer(body=b"[" + b" " * 2_000_000 + b"]"), "does not answer (larger than 1048576 bytes)"),
        (Answer(before=lambda: time.sleep(1.5), body=CLUSTERS), "does not answer (no answer within 1 s)"),
        (Answer(302, headers={"Location": "http://169.254.169.254/"}), "answers with status 302"),
    ],
)
def test_a_source_that_never_gave_a_list_is_said_to_be_down(house, source, answer, told):
    source(answer, timeout="1s")
    message = f"cannot be checked now: the source of its choices {told}. Try again in a few minutes"
    assert faults(house, cluster="c-1") == [("/parameters/cluster", "options_unavailable", message)]


def test_a_list_of_days_ago_is_too_old_to_go_by(house, source):
    source(Answer(body=CLUSTERS), Answer(500))
    faults(house, cluster="c-1")
    later(house, days=2)
    ((_, code, message),) = faults(house, cluster="c-1")
    assert code == "options_unavailable"
    assert "its last list is of " in message


def test_a_source_that_is_down_is_left_alone_for_a_while(house, source):
    server = source(Answer(500))
    for _ in range(3):
        faults(house, cluster="c-1")
    assert len(server.calls) == 1


def test_answers_are_data_in_the_address(house, source):
    server = source(Answer(body=CLUSTERS), path="/in/{{ region }}?x={{ region }}", depends_on=["region"])
    assert faults(house, region="a/../b?c=d&{{ 7 * 7 }}", cluster="c-1") == []
    written = "a%2F..%2Fb%3Fc%3Dd%26%7B%7B%207%20%2A%207%20%7D%7D"
    assert server.calls[0].path == f"/in/{written}?x={written}"


def test_a_choice_waits_for_what_it_depends_on(house, source):
    source(Answer(body=CLUSTERS), path="/in/{{ region }}", depends_on=["region"])
    assert faults(house, cluster="c-1") == [("/parameters/cluster", "depends_on", "can be chosen once region is answered")]


def test_a_host_that_the_operator_does_not_allow_is_not_called(house, source, monkeypatch):
    server = source(Answer(body=CLUSTERS))
    monkeypatch.setitem(house.app.extensions, "options", Options(Outbound(["other.example.com"])))
    ((_, code, message),) = faults(house, cluster="c-1")
    assert (code, server.calls) == ("options_unavailable", [])
    assert "ask an administrator to allow its host" in message


def test_nothing_is_asked_for_an_answer_that_is_not_there(house, source):
    server = source(Answer(body=CLUSTERS))
    assert (faults(house), server.calls) == ([], [])


# Teams and members


@pytest.fixture
def people(house):
    fields = "[{name: payer, type: team}, {name: contact, type: user}, {name: more, type: list, of: {type: user}}]"
    house.offer(make=item(http("make"), fields=fields))
    for who in ("sarah-123", "bob-456", "mallory-666", "erin-321"):
        house.caller(who)
    return house


def test_a_team_is_one_of_the_callers_own(people):
    assert faults(people, payer="customer-experience") == []
    told = "must be one of your teams: customer-experience"
    assert faults(people, payer="growth") == [("/parameters/payer", "not_your_team", told)]


def test_a_person_is_a_member_of_the_team_that_orders(people):
    assert faults(people, contact="bob-456") == []
    told = "must be the user_id of a member of customer-experience: bob-456, sarah-123"
    assert faults(people, contact="mallory-666") == [("/parameters/contact", "not_a_member", told)]


def test_people_inside_lists_are_looked_up_at_their_place(people):
    ((pointer, code, _),) = faults(people, more=["bob-456", "mallory-666"])
    assert (pointer, code) == ("/parameters/more/1", "not_a_member")


# Answers that are taken


def unique(house, within="team"):
    house.offer(make=item(http("make"), fields=NAMED % within))


def order(house, title, who="sarah-123"):
    return house.order({"catalog_item": "make", "parameters": {"title": title}}, who)


def test_the_same_answer_is_taken_once_in_a_team(house):
    unique(house)
    made = order(house, "Portal")
    told = f"is taken ({made.request_id} has it): no two orders of Pair of one team may have the same; choose another"
    assert faults(house, "bob-456", title=" portal ") == [("/parameters/title", "not_unique", told)]
    assert faults(house, "mallory-666", title="Portal") == []


def test_whose_the_answer_is_only_those_hear_who_may_see_the_request(house):
    unique(house, "all")
    order(house, "Portal")
    told = "is taken: no two orders of Pair may have the same; choose another"
    assert faults(house, "mallory-666", title="Portal") == [("/parameters/title", "not_unique", told)]


def test_two_orders_race_and_one_wins(house):
    unique(house, "all")
    for who in ("sarah-123", "mallory-666"):
        house.caller(who)

    def tried(who):
        try:
            return order(house, "Portal", who).status
        except Invalid as error:
            return error.faults[0].code

    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(tried, ["sarah-123", "mallory-666"] * 2))
    assert sorted(got) == ["not_unique", "not_unique", "not_unique", "submitted"]
    with house.engine.begin() as connection:
        assert connection.scalar(select(func.count()).select_from(REQUEST)) == 1


def test_an_order_with_its_key_sent_again_is_no_second_one(house):
    unique(house)
    body = {"catalog_item": "make", "parameters": {"title": "Portal"}}
    assert house.order(body, key="once") == house.order(body, key="once")


def test_an_answer_is_free_again_when_its_order_was_cancelled_before_anything_was_built(house):
    unique(house)
    house.cancel(order(house, "Portal").request_id)
    assert faults(house, title="Portal") == []


def test_an_answer_stays_taken_while_what_was_built_is_there(house):
    unique(house)
    made = order(house, "Portal")
    house.finish(Done({}))
    assert [code for _, code, _ in faults(house, title="Portal")] == ["not_unique"]
    with house.engine.begin() as connection:
        connection.execute(update(REQUEST).where(REQUEST.c.request_id == made.request_id).values(status="cancelled"))
        assert connection.scalar(select(func.count()).select_from(TAKEN)) == 1
        connection.execute(update(REQUEST).where(REQUEST.c.request_id == made.request_id).values(status="rolled_back"))
        assert connection.scalar(select(func.count()).select_from(TAKEN)) == 0


@pytest.mark.parametrize("region", [".", ".."])
def test_an_answer_leads_to_no_other_path_of_a_source(house, source, region):
    running = source(Answer(body=CLUSTERS), path="/regions/{{ region }}/clusters", depends_on=["region"])
    [(_, code, message)] = faults(house, cluster="c-1", region=region)
    assert (code, "names another place" in message) == ("options_unavailable", True)
    assert running.calls == []
