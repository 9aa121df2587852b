"""POST /tickets/{id}/claim, release, resolve, retry-automation and reject."""

import threading

import pytest

from tests.api.conftest import BY_HAND, work

URL = "/api/v1/tickets"


def places(answer):
    return {(fault["pointer"], fault["code"]) for fault in answer.json["errors"]}


# Claim and release


def test_a_ticket_is_taken(carol, ticket):
    answer = carol.post(f"{URL}/{ticket}/claim")
    assert (answer.status_code, answer.json["status"], answer.json["claimed_by"]) == (200, "claimed", "carol-789")


def test_taking_it_twice_changes_nothing(carol, ticket):
    carol.post(f"{URL}/{ticket}/claim")
    assert carol.post(f"{URL}/{ticket}/claim").status_code == 200


def test_whoever_comes_second_is_told_who_was_first(carol, dana, ticket):
    carol.post(f"{URL}/{ticket}/claim")
    answer = dana.post(f"{URL}/{ticket}/claim")
    assert (answer.status_code, answer.json["detail"]) == (409, f"{ticket} is claimed by Carol.")


def test_a_ticket_is_given_back(carol, ticket):
    carol.post(f"{URL}/{ticket}/claim")
    assert carol.post(f"{URL}/{ticket}/release").json["status"] == "open"


def test_another_team_is_told_that_it_may_not(erin, ticket):
    answer = erin.post(f"{URL}/{ticket}/claim")
    assert (answer.status_code, answer.json["detail"]) == (403, "Only platform-data-team works this ticket.")


# Resolve


def test_resolving_it_lets_the_request_go_on(carol, sarah, stuck, ticket, house):
    answer = carol.post(f"{URL}/{ticket}/resolve", json={"outputs": BY_HAND, "comment": "Made in the spare group."})
    assert (answer.status_code, answer.json["status"]) == (200, "resolved")
    work(house)
    body = sarah.get(f"/api/v1/requests/{stuck}").json
    assert (body["status"], set(body["outputs"])) == ("completed", {"eks_app", "postgres", "redis", "monitoring"})
    assert body["outputs"]["postgres"]["connection_string"] == "postgresql://fixed.example.com:5432/customer_portal_db"


ADOPT = [{"address": "terraform_data.main", "id": "db-123"}]


def test_what_was_made_by_hand_is_handed_to_terraform(carol, sarah, stuck, ticket):
    answer = carol.post(f"{URL}/{ticket}/resolve", json={"outputs": {}, "adopt": ADOPT})
    assert (answer.status_code, answer.json["status"]) == (200, "adopting")
    assert answer.json["adoption"] == {"adopt": ADOPT, "by": "Carol", "error": None, "pending": []}
    again = carol.post(f"{URL}/{ticket}/resolve", json={"outputs": {}, "adopt": ADOPT})
    assert (again.status_code, "takes over what Carol made" in again.json["detail"]) == (409, True)
    steps = {one["name"]: one for one in sarah.get(f"/api/v1/requests/{stuck}").json["fulfillment"]["steps"]}
    assert (steps["provision_postgres"]["status"], steps["provision_postgres"]["managed_by"]) == ("waiting", None)
    assert "automation" in {one["managed_by"] for one in steps.values()}
    assert sarah.get(steps["provision_postgres"]["href"]).json["activity"] == "adopt"


def test_what_cannot_be_handed_over_is_told_by_row(carol, ticket):
    rows = [{"address": "-help", "id": "x"}, {"address": "a.b", "id": "x\u0007"}, {"address": "a.b"}]
    assert places(carol.post(f"{URL}/{ticket}/resolve", json={"outputs": {"port": "no"}, "adopt": rows[:2]})) >= {
        ("/adopt/0/address", "format"),
        ("/adopt/1/id", "format"),
    }
    assert ("/adopt/0/id", "required") in places(carol.post(f"{URL}/{ticket}/resolve", json={"outputs": {}, "adopt": rows[2:]}))


def test_the_comment_is_kept(carol, ticket):
    carol.post(f"{URL}/{ticket}/resolve", json={"outputs": BY_HAND, "comment": "Made in the spare group."})
    (comment,) = carol.get(f"{URL}/{ticket}/comments").json["comments"]
    assert comment["text"] == "Made in the spare group."


def test_no_output_is_made_up(carol, ticket):
    answer = carol.post(f"{URL}/{ticket}/resolve", json={"outputs": {"address": "fixed.example.com"}})
    assert places(answer) == {("/outputs/port", "required"), ("/outputs/admin_secret_arn", "required")}


def test_outputs_are_judged_all_at_once(carol, ticket):
    answer = carol.post(f"{URL}/{ticket}/resolve", json={"outputs": BY_HAND | {"port": "5432", "password": "x"}})
    assert places(answer) == {("/outputs/port", "type"), ("/outputs/password", "unknown_field")}


def test_a_refused_resolution_changes_nothing(carol, ticket):
    carol.post(f"{URL}/{ticket}/resolve", json={"outputs": {}})
    assert carol.get(f"{URL}/{ticket}").json["status"] == "open"


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, ("/outputs", "required")),
        ({"outputs": []}, ("/outputs", "type")),
        ({"outputs": {}, "by": "x"}, ("/by", "unknown_field")),
    ],
)
def test_a_resolution_of_another_shape_is_refused(carol, ticket, body, place):
    assert place in places(carol.post(f"{URL}/{ticket}/resolve", json=body))


def test_the_requester_cannot_resolve_it(sarah, ticket):
    assert sarah.post(f"{URL}/{ticket}/resolve", json={"outputs": BY_HAND}).status_code == 403


def test_it_is_resolved_once(carol, dana, ticket):
    carol.post(f"{URL}/{ticket}/resolve", json={"outputs": BY_HAND})
    answer = dana.post(f"{URL}/{ticket}/resolve", json={"outputs": BY_HAND})
    assert (answer.status_code, answer.json["detail"]) == (409, f"{ticket} is resolved by Carol.")


def test_of_many_at_once_one_resolves_it(people, carol, ticket):
    statuses = []

    def resolve():
        statuses.append(people.api("carol-789").post(f"{URL}/{ticket}/resolve", json={"outputs": BY_HAND}).status_code)

    threads = [threading.Thread(target=resolve) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [409] * 7


# Retry and reject


def test_the_automation_runs_again(carol, sarah, stuck, ticket, house):
    assert carol.post(f"{URL}/{ticket}/retry-automation").json["status"] == "retried"
    work(house)
    assert sarah.get(f"/api/v1/requests/{stuck}").json["status"] == "completed"


def test_a_new_failure_opens_a_new_ticket(carol, stuck, ticket, house):
    carol.post(f"{URL}/{ticket}/retry-automation")
    work(house, "provision_postgres")
    waiting = carol.get(f"{URL}?status=open&request_id={stuck}").json["tickets"]
    assert [one["ticket_id"] for one in waiting] != [ticket]
    assert len(waiting) == 1


def test_rejecting_it_ends_the_request_with_the_reason(carol, sarah, stuck, ticket):
    answer = carol.post(f"{URL}/{ticket}/reject", json={"reason": "No room in this region."})
    body = sarah.get(f"/api/v1/requests/{stuck}").json
    assert (answer.json["status"], body["status"], body["failure"]) == ("rejected", "failed", "No room in this region.")
    assert body["fulfillment"]["steps"][4]["status"] == "cancelled"


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "   "}])
def test_a_rejection_says_why(carol, ticket, body):
    assert {pointer for pointer, _ in places(carol.post(f"{URL}/{ticket}/reject", json=body))} == {"/reason"}
