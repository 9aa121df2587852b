"""Drafts: kept without secrets, never written over unseen, shared with a team, sent once."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from app.errors import Conflict, Invalid, NotAllowed, NotFound
from app.lifecycle.kept import drafts
from app.models.tables import CATALOG_ITEM, DRAFT, REQUEST, VERSION
from tests.fixtures.house import http, item

FIELDS = """[{name: name, type: string, required: true}, {name: size, type: integer, default: 1, max_value: 9},
 {name: word, type: string, sensitive: true}]"""
ORDER = {"catalog_item": "cache", "parameters": {"name": "portal", "size": 3}}


@pytest.fixture
def desk(house, people):
    """Somebody's drafts: `desk("save", ORDER, who="bob-456")`."""
    house.offer(cache=item(http("make"), fields=" ".join(FIELDS.split()), name="Cache"))

    def act(what, *given, who="sarah-123", **more):
        caller = house.caller(who)
        with house.unit() as unit:
            return getattr(drafts, what)(unit, caller, *given, **more)

    act.rows = lambda: house.rows(select(DRAFT).order_by(DRAFT.c.created_at))
    act.requests = lambda: house.rows(select(REQUEST))
    act.house = house
    return act


def test_a_draft_is_kept_with_its_version_and_called_by_its_naming_answer(desk):
    draft = desk("save", ORDER)
    (row,) = desk.rows()
    assert (row.title, row.catalog_version, row.revision) == ("portal", "1.0.0", 1)
    assert row.document == {**ORDER, "version": "1.0.0"}
    assert draft.id == row.id


def test_a_secret_is_taken_out_before_anything_is_written_and_named(desk):
    draft = desk("save", {**ORDER, "parameters": {"name": "portal", "word": "hunter2"}})
    assert draft.left_out == ("/parameters/word",)
    assert "hunter2" not in str(desk.rows())


def test_wrong_answers_are_kept(desk):
    desk("save", {**ORDER, "parameters": {"size": "lots"}})
    assert desk.rows()[0].document["parameters"] == {"size": "lots"}


def test_what_was_not_asked_may_be_a_secret_and_is_not_kept(desk):
    desk("save", {**ORDER, "parameters": {"size": "lots", "pasword": "hunter2"}})
    [row] = desk.rows()
    assert (row.document["parameters"], row.left_out) == ({"size": "lots"}, ["/parameters/pasword"])


@pytest.mark.parametrize(
    "order", [{}, {"catalog_item": "nothing"}, {**ORDER, "version": "9.9.9"}, {**ORDER, "parameters": []}, {**ORDER, "x": 1}]
)
def test_what_is_no_order_of_the_catalog_is_not_kept(desk, order):
    with pytest.raises(Invalid):
        desk("save", order)
    assert desk.rows() == []


def test_an_order_that_is_too_large_is_not_kept(desk):
    with pytest.raises(Invalid):
        desk("save", {**ORDER, "parameters": {"name": "x" * 600_000}})


def test_a_save_over_an_older_revision_is_refused_and_says_who_was_first(desk):
    draft = desk("save", ORDER, team="customer-experience")
    desk("save", ORDER, draft_id=draft.id, expected=1, who="bob-456")
    with pytest.raises(Conflict, match="Bob saved it meanwhile"):
        desk("save", ORDER, draft_id=draft.id, expected=1)
    assert desk.rows()[0].revision == 2


def test_a_save_without_a_revision_writes_over_what_is_there(desk):
    draft = desk("save", ORDER)
    assert [desk("save", ORDER, draft_id=draft.id).revision for _ in range(2)] == [2, 3]


def test_a_title_that_somebody_gave_stays(desk):
    draft = desk("save", ORDER, title="For the fair")
    desk("save", {**ORDER, "parameters": {"name": "other"}}, draft_id=draft.id)
    assert desk.rows()[0].title == "For the fair"


def test_nobody_else_sees_a_draft_until_it_is_shared(desk):
    draft = desk("save", ORDER)
    with pytest.raises(NotFound):
        desk("save", ORDER, draft_id=draft.id, who="bob-456")
    desk("share", draft.id, "customer-experience")
    assert desk("save", ORDER, draft_id=draft.id, who="bob-456").revision == 2
    with pytest.raises(NotFound):
        desk("save", ORDER, draft_id=draft.id, who="mallory-666")


def test_a_draft_is_shared_by_its_owner_with_a_team_of_theirs(desk):
    draft = desk("save", ORDER, team="customer-experience")
    with pytest.raises(NotAllowed):
        desk("share", draft.id, None, who="bob-456")
    with pytest.raises(Invalid):
        desk("share", draft.id, "growth")


def test_a_draft_that_was_thrown_away_can_be_brought_back(desk):
    draft = desk("save", ORDER)
    desk("delete", draft.id)
    with pytest.raises(NotFound):
        desk("save", ORDER, draft_id=draft.id)
    desk("restore", draft.id)
    assert desk("save", ORDER, draft_id=draft.id).revision == 2


def test_what_was_thrown_away_a_day_ago_goes_for_good(desk):
    gone = desk("save", ORDER)
    desk("delete", gone.id)
    with desk.house.engine.begin() as connection:
        connection.execute(update(DRAFT).values(deleted_at=func.now() - timedelta(days=2)))
    desk("save", ORDER)
    with pytest.raises(NotFound):
        desk("restore", gone.id)


def test_a_colleague_cannot_throw_a_shared_draft_away(desk):
    draft = desk("save", ORDER, team="customer-experience")
    with pytest.raises(NotAllowed):
        desk("delete", draft.id, who="bob-456")


def test_a_person_has_no_more_drafts_than_anybody_reads(desk, monkeypatch):
    monkeypatch.setattr("app.lifecycle.kept.keeping.MOST", 2)
    desk("save", ORDER)
    desk("save", ORDER)
    with pytest.raises(Conflict, match="delete some"):
        desk("save", ORDER)


def test_an_order_that_is_sent_back_is_kept_though_its_version_is_gone(desk):
    with desk.house.engine.begin() as connection:
        connection.execute(update(VERSION).values(active=False))
        connection.execute(update(CATALOG_ITEM).values(active=False))
    order = {**ORDER, "version": "1.0.0", "parameters": {"name": "a", "word": "hunter2"}}
    desk("save", order, from_request="req-20261124-abc123", note="Smaller, please.")
    (row,) = desk.rows()
    assert (row.catalog_title, row.note, row.document["parameters"]) == ("Cache", "Smaller, please.", {"name": "a"})


def test_sending_a_draft_makes_a_request_and_ends_the_draft(desk):
    made = desk("submit", desk("save", ORDER).id)
    assert [row.request_id for row in desk.requests()] == [made.request_id]
    assert desk.rows() == []


def test_a_draft_that_is_sent_twice_makes_one_request(desk):
    draft = desk("save", ORDER)
    assert desk("submit", draft.id).request_id == desk("submit", draft.id).request_id
    assert len(desk.requests()) == 1


def test_a_draft_with_faults_is_not_sent_and_stays(desk):
    draft = desk("save", {**ORDER, "parameters": {"size": 10}})
    with pytest.raises(Invalid) as refused:
        desk("submit", draft.id)
    assert [fault.code for fault in refused.value.faults] == ["required", "max_value"]
    assert (len(desk.rows()), desk.requests()) == (1, [])


def test_who_sends_a_shared_draft_asks_for_it(desk):
    said = {"user_id": "sarah-123", "email": "sarah@example.com", "team": "customer-experience"}
    draft = desk("save", {**ORDER, "requester": said}, team="customer-experience")
    desk("submit", draft.id, who="bob-456")
    assert desk.requests()[0].requester_user_id == "bob-456"


def test_a_draft_that_a_colleague_sent_is_not_sent_again_from_an_open_form(desk):
    draft = desk("save", ORDER, team="customer-experience")
    desk("submit", draft.id, who="bob-456")
    with pytest.raises(NotFound, match="somebody sent it"):
        desk("send", ORDER, "key", draft.id)
    assert len(desk.requests()) == 1


def test_a_form_that_is_sent_twice_makes_one_request_and_ends_its_draft(desk):
    draft = desk("save", ORDER)
    first, second = (desk("send", ORDER, "key", draft.id) for _ in range(2))
    assert first.request_id == second.request_id
    assert desk.rows() == []


def test_a_draft_that_there_is_not_cannot_be_sent(desk):
    with pytest.raises(NotFound):
        desk("submit", uuid.uuid4())
