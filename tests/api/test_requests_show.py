"""GET /requests/{id}, its outputs and its events."""

import re
from datetime import timedelta

from app.core.outcomes import Done, Waiting
from tests.api.conftest import OUTPUTS, STORY, work
from tests.fixtures.house import House, http, item

URL = "/api/v1/requests"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d")


def steps(answer):
    return {step["name"]: step for step in answer.json["fulfillment"]["steps"]}


def test_a_request_is_shown_as_the_story_shows_it(sarah, placed):
    body = sarah.get(f"{URL}/{placed}").json
    assert (body["request_id"], body["status"], body["version"]) == (placed, "submitted", "2.1.0")
    assert body["catalog_bundle"] == "full-stack-web-app"
    assert body["requester"] == {"user_id": "sarah-123", "team": "customer-experience", "email": "sarah@example.com"}
    assert (body["fulfillment"]["execution_mode"], body["fulfillment"]["checks"]) == ("automation", [])


def test_steps_have_the_keys_that_are_promised(sarah, placed):
    first, *_, last = sarah.get(f"{URL}/{placed}").json["fulfillment"]["steps"]
    promised = {
        "step_id",
        "name",
        "title",
        "type",
        "status",
        "position",
        "depends_on",
        "started_at",
        "completed_at",
        "outputs",
        "item",
        "managed_by",
    }
    assert set(first) == promised | {"href"}
    assert (last["item"], last["depends_on"]) == (None, ["step-001", "step-002", "step-003"])


def test_a_step_that_is_done_shows_its_outputs_and_times(sarah, placed, house):
    house.finish(Done(OUTPUTS["provision_eks_app"]))
    step = steps(sarah.get(f"{URL}/{placed}"))["provision_eks_app"]
    assert (step["status"], step["outputs"]) == ("completed", OUTPUTS["provision_eks_app"])
    assert MOMENT.fullmatch(step["started_at"])
    assert step["started_at"] <= step["completed_at"]


def test_a_run_elsewhere_can_be_followed(sarah, placed, house):
    house.finish(Waiting({}, timedelta(minutes=1), "run-7", "https://runs.example.com/7"))
    step = steps(sarah.get(f"{URL}/{placed}"))["provision_eks_app"]
    assert step["job_tracking"] == {"external_id": "run-7", "tracking_url": "https://runs.example.com/7"}
    assert "job_tracking" not in steps(sarah.get(f"{URL}/{placed}"))["provision_redis"]


def test_a_completed_request_has_its_outputs_grouped(sarah, finished):
    body = sarah.get(f"{URL}/{finished}").json
    assert (body["status"], list(body["outputs"])) == ("completed", ["eks_app", "postgres", "redis", "monitoring"])
    assert body["outputs"]["postgres"] == {
        "connection_string": "postgresql://db.example.com:5432/customer_portal_db",
        "admin_secret_arn": "arn:aws:x:y:z",
    }
    assert MOMENT.fullmatch(body["completed_at"])


def test_the_outputs_are_there_by_themselves(sarah, finished):
    answer = sarah.get(f"{URL}/{finished}/outputs")
    assert answer.json == {"request_id": finished, "outputs": sarah.get(f"{URL}/{finished}").json["outputs"]}


def test_an_item_ordered_alone_gives_its_outputs_flat(sarah, synced_catalog, house):
    order = {"catalog_item": "postgres-database", "parameters": {"database_name": "alone"}}
    made = sarah.post(URL, json=order).json["request_id"]
    work(house)
    body = sarah.get(f"{URL}/{made}").json
    assert (body["catalog_item"], set(body["outputs"])) == ("postgres-database", {"connection_string", "admin_secret_arn"})


def test_sensitive_outputs_are_masked_everywhere(sarah, house: House):
    given = 'outputs: {password: {value: "{{ steps.make.outputs.password }}", sensitive: true}}'
    house.offer(secretive=item(http("make", outputs="{password: {type: string, sensitive: true}}"), extra=given))
    made = sarah.post(URL, json={"catalog_item": "secretive"}).json["request_id"]
    house.finish(Done({"password": "hunter2"}, frozenset({"password"})))
    for path in ("", "/outputs", "/steps/step-001", "/events"):
        answer = sarah.get(f"{URL}/{made}{path}")
        assert "hunter2" not in answer.text
    assert sarah.get(f"{URL}/{made}/outputs").json["outputs"] == {"password": "********"}
    assert steps(sarah.get(f"{URL}/{made}"))["make"]["outputs"] == {"password": "********"}


def test_what_only_people_do_is_manual(sarah, house: House):
    house.offer(byhand=item("- {name: ask, type: ManualTask, template: {instructions: Ask somebody}}"))
    made = sarah.post(URL, json={"catalog_item": "byhand"}).json["request_id"]
    assert sarah.get(f"{URL}/{made}").json["fulfillment"]["execution_mode"] == "manual"


def test_times_are_told_in_the_configured_zone(portal, synced_catalog):
    made = portal(timezone="America/Chicago")("sarah-123").post(URL, json=STORY).json
    assert re.fullmatch(r".+\.\d{6}-0[56]:00", made["created_at"])


def test_an_unknown_request_is_not_found(sarah):
    answer = sarah.get(f"{URL}/req-20200101-abcdef")
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")


def test_a_name_that_no_text_can_be_is_not_found(sarah):
    assert sarah.get(f"{URL}/%00").status_code == 404


def test_what_one_may_not_see_is_told_as_what_is_not_there(mallory, placed):
    hidden, missing = mallory.get(f"{URL}/{placed}"), mallory.get(f"{URL}/req-20200101-abcdef")
    assert (hidden.status_code, hidden.json["detail"].replace(placed, "")) == (
        missing.status_code,
        missing.json["detail"].replace("req-20200101-abcdef", ""),
    )


# Events


def test_events_are_numbered_without_holes(sarah, stuck):
    body = sarah.get(f"{URL}/{stuck}/events").json
    assert [event["number"] for event in body["events"]] == list(range(1, body["last_number"] + 1))
    assert body["events"][0]["kind"] == "request.submitted"


def test_events_go_on_after_a_number(sarah, stuck):
    every = sarah.get(f"{URL}/{stuck}/events?limit=100").json["events"]
    body = sarah.get(f"{URL}/{stuck}/events?after=3&limit=2").json
    assert (body["events"], body["last_number"], body["has_more"]) == (every[3:5], 5, True)


def test_there_is_nothing_after_the_last_event(sarah, stuck):
    last = sarah.get(f"{URL}/{stuck}").json["last_event"]
    assert sarah.get(f"{URL}/{stuck}/events?after={last}").json == {
        "request_id": stuck,
        "events": [],
        "last_number": last,
        "has_more": False,
        "ended": False,
    }


def test_a_number_that_is_none_is_named(sarah, stuck):
    for after in ("-1", "x", "99999999999"):
        assert sarah.get(f"{URL}/{stuck}/events?after={after}").json["errors"][0]["pointer"] == "/after"
