"""What stands around orders: agreeing to them, quotas, batches, files, choices from elsewhere, receipts."""

import json

import pytest

from tests.fixtures.house import http, item, with_checks

FIELDS = (
    "[{name: size, type: integer, required: true}, {name: code, type: string, sensitive: true},"
    " {name: notes, type: file}, {name: lead, type: user}]"
)
RULES = """
approval: [{when: price > 50, by: {team: platform-data-team}, reason: It costs much.}]
cost: {lines: [{label: Size, price: 10, each: size}]}
quota: {vcpu: "{{ size }}"}
"""
QUOTAS = "default: {vcpu: 10}\n"


@pytest.fixture
def offered(stratus, house):
    (house.folder / "quotas.yaml").write_text(QUOTAS)
    house.offer(large=item(http("make"), fields=FIELDS, extra=RULES, owner="platform-compute-team"))


@pytest.fixture
def waiting(offered, sarah, carol):
    """The id of a request that waits for carol, and of what she is asked."""
    request_id = json.loads(sarah("order", "large", "-s", "size=7", "-y", "-o", "json").out)["request_id"]
    (found,) = json.loads(carol("approvals", "list", "-o", "json").out)["approvals"]
    return request_id, found["approval_id"]


def test_a_review_tells_price_quotas_and_who_must_agree(offered, sarah):
    out = sarah("validate", "large", "-s", "size=7").out
    assert "Price: 70.00 USD a month" in out
    assert "Needs the approval of 1 of platform-data-team: It costs much." in out
    assert "vcpu" in out


def test_too_much_is_refused_with_numbers(offered, sarah):
    ran = sarah("order", "large", "-s", "size=11", "-y")
    assert (ran.code, "10" in ran.out) == (2, True)


def test_quotas_are_a_table(offered, sarah):
    lines = sarah("quota").out.splitlines()
    assert lines[1].split()[0] == "customer-experience"
    assert "10" in lines[1]


def test_what_waits_is_listed_and_shown(waiting, carol):
    request_id, approval_id = waiting
    assert request_id in carol("approvals", "list", "--waiting").out
    out = carol("approvals", "show", approval_id).out
    assert "It costs much." in out
    assert "70.00" in out


def test_agreeing_lets_it_begin(waiting, carol, sarah):
    request_id, approval_id = waiting
    assert carol("approvals", "approve", approval_id, "--yes").out == f"{approval_id} is approved.\n"
    assert "pending approval" not in sarah("status", request_id).out


def test_an_order_is_shown_before_somebody_agrees(waiting, carol, at_terminal):
    terminal = at_terminal(carol, "approvals", "approve", waiting[1])
    terminal.asked("It costs much.").answer(("Approve? [Y/n]", "n"))
    assert terminal.end() == 130


def test_saying_no_ends_the_request(waiting, carol, sarah):
    request_id, approval_id = waiting
    assert carol("approvals", "reject", approval_id, "--reason", "Too large", "--yes").code == 0
    assert sarah("status", request_id, "--follow").code == 1


def test_sending_it_back_ends_it_too(waiting, carol):
    assert carol("approvals", "send-back", waiting[1], "--comment", "Make it smaller", "-y").code == 0


def test_nobody_agrees_to_their_own_order(waiting, sarah):
    assert sarah("approvals", "approve", waiting[1], "--yes").code in (3, 4)


def test_a_question_is_answered(waiting, sarah, people):
    people.api("carol-789").post(f"/api/v1/approvals/{waiting[1]}/ask", json={"question": "Why so large?"})
    assert sarah("answer", waiting[0], "--text", "Christmas").code == 0


def test_a_batch_tells_of_each_row(sarah, tmp_path, synced_catalog):
    names = ("orders", "stock", "Not A Name")
    rows = [
        {"key": f"db-{number}", "order": {"catalog_item": "postgres-database", "parameters": {"database_name": name}}}
        for number, name in enumerate(names)
    ]
    (tmp_path / "rows.json").write_text(json.dumps({"mode": "row_by_row", "rows": rows}))
    ran = sarah("batch", "send", str(tmp_path / "rows.json"), "--yes")
    assert (ran.code, "2 taken, 1 refused" in ran.out, "database_name" in ran.out) == (2, True, True), ran.err
    batch_id = ran.out.partition(":")[0]
    assert batch_id in sarah("batch", "list").out
    assert "2 taken, 1 refused" in sarah("batch", "show", batch_id).out


def test_a_batch_of_csv_is_all_or_nothing(sarah, tmp_path, synced_catalog):
    (tmp_path / "rows.csv").write_text("key,database_name\na,orders\nb,Not A Name\n")
    ran = sarah("batch", "send", str(tmp_path / "rows.csv"), "--entry", "postgres-database", "--yes")
    assert (ran.code, ran.out, "database_name" in ran.err) == (2, "", True)


def test_a_file_is_sent_before_the_order_that_names_it(offered, sarah, tmp_path):
    (tmp_path / "notes.txt").write_text("Read me.\n")
    ran = sarah("validate", "large", "-s", "size=1", "-s", f"notes=@{tmp_path}/notes.txt", "-o", "json")
    assert ran.code == 0, ran.out
    assert "notes" in json.loads(ran.out)["values"]["parameters"]


def test_members_are_offered_where_somebody_is_asked_for(offered, sarah, at_terminal, tmp_path):
    terminal = at_terminal(sarah, "order", "large", "--dry-run")
    terminal.answer(("Size", "1"), ("Code (optional)", "hidden"), ("Notes (optional)", ""))
    terminal.asked("bob-456  Bob").answer(("Lead (optional)", "bob-456"))
    assert terminal.end() == 0


def test_what_is_not_for_the_reader_says_why(sarah, house):
    house.offer(closed=item(http("make"), extra="access: {teams: [growth]}"))
    assert "Not for you: only for growth" in sarah("catalog", "list").out
    assert sarah("catalog", "search", "tests", "--may-order").out.startswith("Nothing in the catalog fits.")
    ran = sarah("order", "closed", "-y")
    assert (ran.code, "growth" in ran.out) == (2, True)


def test_a_check_that_does_not_hold_is_told_before_it_is_sent(sarah, house):
    small = "{name: small_enough, title: Small enough, type: expression, when: size < 3}"
    house.offer(thing=with_checks(item(http("make"), fields="[{name: size, type: integer}]"), preflight=small))
    assert "Does not hold now: Small enough" in sarah("validate", "thing", "-s", "size=5").out


def test_whom_a_request_waits_on_is_said(sarah, stuck):
    assert "platform-data-team since" in sarah("status", stuck).out


def test_a_receipt_is_json(sarah, placed):
    assert json.loads(sarah("receipt", placed).out)["digest"]
