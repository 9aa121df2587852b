"""One ticket: what it shows, and every way in which it ends."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from app.core.outcomes import Done, Failed, NeedsHuman
from app.models.tables import COMMENT, REQUEST, TICKET
from tests.fixtures.browser_client import BrowserClient, words
from tests.fixtures.house import House, http, item, terraform
from tests.web import stories

SignedIn = Callable[[str], BrowserClient]
BOTH = {"outputs.address": "db-9", "outputs.password": "hunter2"}


@pytest.fixture
def ticket(house: House) -> str:
    """The ticket of a step that failed."""
    stories.failed(house)
    return stories.ticket_of(house)


def comments(house: House) -> list[str]:
    return [row.text for row in house.rows(select(COMMENT).order_by(COMMENT.c.created_at))]


def test_it_shows_error_advice_instructions_inputs_and_attempts(ticket: str, signed_in: SignedIn):
    text = words(signed_in("carol-789").get(f"/queue/{ticket}"))
    assert "There is no room Error creating it: there is no room Choose a smaller size." in text
    assert "Code NoRoom" in text
    assert "What to do from the catalog With care" in text
    assert "url https:// rooms. example. com" in text
    assert re.search(r"Attempts .* 1, by automation Failed \d\d:\d\d under 1 s", text)


def test_numbered_instructions_are_a_list(house: House, ticket: str, signed_in: SignedIn):
    with house.engine.begin() as connection:
        connection.execute(update(TICKET).values(instructions="1. Find <it>\n2. Use\n   it\n"))
    assert (
        '<ol class="todo"><li>Find &lt;it&gt;</li><li>Use it</li></ol>' in signed_in("carol-789").get(f"/queue/{ticket}").text
    )


def test_the_declared_outputs_are_a_form_with_the_defaults_offered(ticket: str, signed_in: SignedIn):
    page = signed_in("carol-789").get(f"/queue/{ticket}").text
    assert re.search(r'name="outputs.address" type="text" value="db-3"', page)
    assert "Kept secret" in page


def test_claiming_makes_it_mine_and_releasing_gives_it_back(house: House, ticket: str, signed_in: SignedIn):
    browser = signed_in("carol-789")
    assert browser.send(f"/queue/{ticket}/claim").status_code == 303
    assert "Do it by hand Yours" in words(browser.get(f"/queue/{ticket}"))
    assert browser.send(f"/queue/{ticket}/release").status_code == 303
    assert house.tickets()[0].status == "open"


def test_whoever_comes_second_is_told_who_was_faster(ticket: str, signed_in: SignedIn):
    signed_in("carol-789").send(f"/queue/{ticket}/claim")
    answer = signed_in("dana-001").send(f"/queue/{ticket}/claim")
    assert answer.status_code == 409
    assert f"{ticket} is claimed by Carol. Nothing was changed." in words(answer)


@pytest.mark.parametrize("what", ["claim", "release"])
def test_a_second_click_of_ones_own_is_no_conflict(ticket: str, signed_in: SignedIn, what: str):
    browser = signed_in("carol-789")
    assert [browser.send(f"/queue/{ticket}/{what}").status_code for _ in range(2)] == [303, 303]


def test_resolving_finishes_the_step_with_what_was_typed(house: House, ticket: str, signed_in: SignedIn):
    answer = signed_in("carol-789").send(f"/queue/{ticket}/resolve", BOTH | {"note": "in the spare room"})
    assert answer.headers["Location"] == f"/queue/{ticket}"
    step = house.step("make")
    assert (step.status, step.outputs, step.sensitive_outputs) == ("completed", {"address": "db-9"}, ["password"])
    assert comments(house) == ["in the spare room"]


def test_a_fault_stands_beside_its_field_and_nothing_typed_is_lost_but_secrets(house: House, ticket: str, signed_in: SignedIn):
    answer = signed_in("carol-789").send(
        f"/queue/{ticket}/resolve", {"outputs.address": "", "outputs.password": "pw-9", "note": "so far"}
    )
    assert answer.status_code == 422
    assert '<a href="#outputs-address">Address must be filled in.</a>' in answer.text
    assert 'name="outputs.password" type="password" value=""' in answer.text
    assert "pw-9" not in answer.text
    assert "so far</textarea>" in answer.text
    assert "<title>Error: " in answer.text
    assert house.step("make").status == "failed"


def test_a_cleared_field_is_not_filled_with_its_default(house: House, ticket: str, signed_in: SignedIn):
    signed_in("carol-789").send(f"/queue/{ticket}/resolve", {"outputs.password": "x"})
    assert house.step("make").status == "failed"


def test_numbers_and_switches_are_typed_as_such(house: House, signed_in: SignedIn):
    outputs = "{port: {type: integer}, ready: {type: boolean}}"
    house.offer(typed=item(http("make", outputs=outputs)))
    house.order("typed")
    stories.fail(house)
    browser = signed_in("carol-789")
    path = f"/queue/{stories.ticket_of(house)}/resolve"
    wrong = browser.send(path, {"outputs.port": "many"})
    assert 'type="text" value="many" inputmode="numeric"' in wrong.text
    assert browser.send(path, {"outputs.port": "5432", "outputs.ready": "on"}).status_code == 303
    assert house.step("make").outputs == {"port": 5432, "ready": True}


@pytest.mark.parametrize(
    ("what", "data", "ended"),
    [("resolve", BOTH, "resolved"), ("retry", {}, "retried"), ("reject", {"reason": "no"}, "rejected")],
)
def test_an_end_that_is_clicked_twice_happens_once(
    house: House, ticket: str, signed_in: SignedIn, what: str, data: dict[str, str], ended: str
):
    browser = signed_in("carol-789")
    assert [browser.send(f"/queue/{ticket}/{what}", data).status_code for _ in range(2)] == [303, 303]
    assert [one.status for one in house.tickets()] == [ended]


def test_whoever_ends_it_second_is_told_how_it_ended(ticket: str, signed_in: SignedIn):
    signed_in("carol-789").send(f"/queue/{ticket}/resolve", BOTH)
    answer = signed_in("dana-001").send(f"/queue/{ticket}/reject", {"reason": "no"})
    assert answer.status_code == 409
    assert f"{ticket} is resolved by Carol. Nothing was changed." in words(answer)


def test_retrying_runs_the_automation_again(house: House, ticket: str, signed_in: SignedIn):
    signed_in("carol-789").send(f"/queue/{ticket}/retry")
    assert house.statuses()["make"] == "ready"


def test_rejecting_needs_a_reason_and_ends_the_request(house: House, ticket: str, signed_in: SignedIn):
    browser = signed_in("carol-789")
    refused = browser.send(f"/queue/{ticket}/reject", {"reason": "  "})
    assert refused.status_code == 422
    assert 'value="reject" checked' in refused.text
    assert '<a href="#reason">Say why, in at most 10,000 characters.</a>' in refused.text
    assert browser.send(f"/queue/{ticket}/reject", {"reason": "no room left"}).status_code == 303
    assert house.statuses()["announce"] == "cancelled"


def test_an_ended_ticket_shows_how_it_ended_and_no_forms(ticket: str, signed_in: SignedIn):
    browser = signed_in("carol-789")
    browser.send(f"/queue/{ticket}/resolve", BOTH | {"note": "in the spare room"})
    page = browser.get(f"/queue/{ticket}")
    assert "Database was finished by hand in the spare room" in words(page)
    assert "How does it end?" not in page.text


def test_comments_are_shown_to_both_sides_as_text(ticket: str, signed_in: SignedIn):
    answer = signed_in("sarah-123").send(f"/queue/{ticket}/comments", {"text": "<b>Any news?</b>\x1b[31m"})
    assert answer.headers["Location"] == f"/queue/{ticket}#comments"
    page = signed_in("carol-789").get(f"/queue/{ticket}").text
    assert "<b>Sarah</b> &lt;b&gt;Any news?&lt;/b&gt;" in page
    assert "\x1b" not in page


def test_a_comment_that_is_clicked_twice_is_written_once(house: House, ticket: str, signed_in: SignedIn):
    browser = signed_in("sarah-123")
    for text in ("Any news?", "Any news?", "And now?"):
        assert browser.send(f"/queue/{ticket}/comments", {"text": text}).status_code == 303
    assert comments(house) == ["Any news?", "And now?"]


@pytest.mark.parametrize("text", ["", "   ", "x" * 10_001])
def test_an_empty_or_endless_comment_is_refused_and_kept(house: House, ticket: str, signed_in: SignedIn, text: str):
    answer = signed_in("sarah-123").send(f"/queue/{ticket}/comments", {"text": text})
    assert answer.status_code == 422
    assert "A comment must have 1 to 10000 characters." in words(answer)
    assert f"{text}</textarea>" in answer.text
    assert comments(house) == []


def test_a_character_that_no_database_holds_is_left_out(house: House, ticket: str, signed_in: SignedIn):
    signed_in("sarah-123").send(f"/queue/{ticket}/comments", {"text": "a\x00b"})
    assert comments(house) == ["ab"]


def test_those_who_may_see_it_but_not_work_it_get_no_forms(ticket: str, signed_in: SignedIn):
    page = signed_in("sarah-123").get(f"/queue/{ticket}")
    assert "Only platform-data-team works this ticket." in words(page)
    assert not re.search(r'action="/queue/[^"]+/(?:claim|release|resolve|retry|reject)"', page.text)


@pytest.mark.parametrize(("who", "status"), [("sarah-123", 403), ("mallory-666", 404), ("erin-321", 404)])
@pytest.mark.parametrize("what", ["claim", "release", "resolve", "reject"])
def test_only_the_owning_team_works_it(house: House, ticket: str, signed_in: SignedIn, who: str, status: int, what: str):
    answer = signed_in(who).send(f"/queue/{ticket}/{what}", BOTH | {"reason": "no"})
    assert answer.status_code == status
    assert house.tickets()[0].status == "open"


@pytest.mark.parametrize("what", ["", "/comments"])
def test_whoever_may_not_see_the_request_does_not_find_its_ticket(ticket: str, signed_in: SignedIn, what: str):
    browser = signed_in("mallory-666")
    answer = browser.send(f"/queue/{ticket}{what}", {"text": "x"}) if what else browser.get(f"/queue/{ticket}")
    assert answer.status_code == 404


def test_work_that_is_manual_by_design_has_nothing_to_retry(house: House, signed_in: SignedIn):
    stories.ordered(house)
    house.finish(NeedsHuman("1. By hand"))
    page = signed_in("carol-789").get(f"/queue/{stories.ticket_of(house)}")
    assert "Database is made by hand" in words(page)
    assert "I removed the cause" not in words(page)


def test_an_unknown_outcome_shows_what_is_known(house: House, signed_in: SignedIn):
    stories.unknown(house)
    text = words(signed_in("carol-789").get(f"/queue/{stories.ticket_of(house)}"))
    assert "Nobody can tell yet whether Database took effect" in text
    assert "Check Ask https://rooms.example.com whether it took a POST with the idempotency key key-7." in text
    assert "It took effect" in text
    assert "It did not take effect Run the automation again." in text


def test_a_new_ticket_names_the_one_before(house: House, ticket: str, signed_in: SignedIn):
    browser = signed_in("carol-789")
    browser.send(f"/queue/{ticket}/retry")
    stories.fail(house)
    assert f"Earlier tickets of this step: {ticket} (Automation retried by Carol)" in words(
        browser.get(f"/queue/{stories.ticket_of(house)}")
    )


def test_the_request_goes_on_after_it_was_resolved(house: House, ticket: str, signed_in: SignedIn):
    signed_in("carol-789").send(f"/queue/{ticket}/resolve", BOTH)
    assert house.finish(Done()) == "announce"
    assert house.rows(select(REQUEST))[0].outputs["single"]["url"] == "https://db-9.example.com"


def test_ids_of_the_page_are_unique(ticket: str, signed_in: SignedIn):
    ids = re.findall(r'\sid="([^"]+)"', signed_in("carol-789").get(f"/queue/{ticket}").text)
    assert len(ids) == len(set(ids))


MODULE = 'resource "terraform_data" "main" {}\n  resource "random_id" "name" {}'
ROWS = {"adopt.0.address": "terraform_data.main", "adopt.0.id": " db-123 ", "adopt.1.address": "", "adopt.1.id": ""}


@pytest.fixture
def built(house: House) -> str:
    """The ticket of a step of Terraform that failed."""
    (house.folder / "modules" / "tiny" / "main.tf").write_text(MODULE)
    house.offer(built=item(terraform("build", title="Database", outputs="{address: {type: string}}")))
    house.order("built")
    house.finish(Failed("There is no room", retryable=False))
    return stories.ticket_of(house)


def test_what_was_made_by_hand_can_be_handed_to_terraform(house: House, built: str, signed_in: SignedIn):
    browser = signed_in("carol-789")
    page = browser.get(f"/queue/{built}").text
    assert '<option value="terraform_data.main">' in page
    assert '<option value="random_id.name">' in page
    assert browser.send(f"/queue/{built}/resolve", ROWS).status_code == 303
    assert browser.send(f"/queue/{built}/resolve", ROWS).status_code == 303, "a second click"
    assert house.tickets()[0].adoption["adopt"] == [{"address": "terraform_data.main", "id": "db-123"}]
    assert "Terraform takes over what Carol made" in words(browser.get(f"/queue/{built}"))
    request = house.rows(select(REQUEST.c.request_id))[0].request_id
    assert "Being taken over" in words(browser.get(f"/requests/{request}"))
    assert "Being taken over" in words(browser.get("/queue"))
    house.finish(Done({"address": "db"}, evidence={"adopted": [{}], "pending": [{"action": "update", "resource": "x.y"}]}))
    text = words(browser.get(f"/queue/{built}"))
    assert "Database was made by hand, and Terraform has taken it over" in text
    assert "update x. y" in text or "update x.y" in text
    seen = words(browser.get(f"/requests/{request}"))
    assert "Terraform took over what was made" in seen
    assert "Terraform, made by Carol" in seen


def test_what_cannot_be_taken_over_is_told_above_a_form_that_has_kept_everything(house: House, built: str, signed_in: SignedIn):
    browser = signed_in("carol-789")
    browser.send(f"/queue/{built}/resolve", ROWS | {"outputs.address": "db-9"})
    house.finish(Failed("terraform_data.main would be replaced"))
    answer = browser.get(f"/queue/{built}")
    assert "Terraform could not take it over terraform_data" in words(answer).replace("terraform_ data", "terraform_data")
    assert re.search(r'name="adopt.0.id" type="text" value="db-123"', answer.text)
    assert re.search(r'name="outputs.address" type="text" value="db-9"', answer.text)


def test_a_fault_of_a_row_stands_beside_it_and_a_row_can_be_added(house: House, built: str, signed_in: SignedIn):
    browser, wrong = signed_in("carol-789"), ROWS | {"adopt.0.id": "", "adopt.1.id": "x"}
    answer = browser.send(f"/queue/{built}/resolve", wrong)
    assert answer.status_code == 422
    assert '<a href="#adopt-0-id">Id of resource 1 is missing' in answer.text
    assert '<a href="#adopt-1-address">Address in the module of resource 2 is missing' in answer.text
    more = browser.send(f"/queue/{built}/resolve", ROWS | {"do": "add:adopt", "note": "so far"})
    assert more.status_code == 200
    assert 'name="adopt.3.id"' in more.text
    assert "so far</textarea>" in more.text
    assert house.tickets()[0].status == "open"
