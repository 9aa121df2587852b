"""The stand-in of GitHub Actions: what it promises to those who develop against it."""

import io
import json
import time
import zipfile

import pytest

from dev.standins.github import create_app
from dev.standins.serving import Running
from tests.steps.exchanges import LOOPBACK, DescribedOutbound

REPOSITORY = "/repos/acme/monitoring"
DISPATCHES = f"{REPOSITORY}/actions/workflows/setup-monitoring.yml/dispatches"
RUNS = f"{REPOSITORY}/actions/workflows/setup-monitoring.yml/runs"
SIGNED_IN = {"Authorization": "Bearer token"}


@pytest.fixture
def client():
    return create_app(run_seconds=0.1).test_client()


def dispatch(client, *, inputs=None, **body):
    wanted = {"ref": "main", "inputs": inputs or {"service_name": "shop"}, "return_run_details": True} | body
    return client.post(DISPATCHES, json=wanted, headers=SIGNED_IN)


def read(client, path, **query):
    return client.get(path, headers=SIGNED_IN, query_string=query)


def run_of(client, run_id):
    return read(client, f"{REPOSITORY}/actions/runs/{run_id}").json


def test_it_is_healthy_for_everybody(client):
    assert client.get("/health").status_code == 200


def test_its_api_wants_a_token(client):
    assert client.get(RUNS).status_code == 401


def test_a_run_goes_from_queued_to_completed():
    client = create_app(run_seconds=0.5).test_client()
    run_id, seen = dispatch(client).json["workflow_run_id"], []
    while "completed" not in seen:
        run = run_of(client, run_id)
        assert (run["conclusion"] == "success") == (run["status"] == "completed")
        seen += [run["status"]] if run["status"] not in seen else []
        time.sleep(0.01)
    assert seen == ["queued", "in_progress", "completed"]


def test_its_archive_is_a_real_zip_behind_a_signed_link_on_another_host(client):
    run_id = dispatch(client).json["workflow_run_id"]
    time.sleep(0.1)
    (artifact,) = read(client, f"{REPOSITORY}/actions/runs/{run_id}/artifacts").json["artifacts"]
    link = read(client, artifact["archive_download_url"].partition("localhost")[2]).headers["Location"]
    archive = zipfile.ZipFile(io.BytesIO(client.get(link).data))
    assert json.loads(archive.read("outputs.json")) == {"dashboard_url": "https://grafana.example.com/dashboards/shop"}
    assert client.get(link, headers=SIGNED_IN).status_code == 400


def test_a_link_that_was_not_signed_is_refused(client):
    assert client.get("/_storage/guess").status_code == 403


def test_the_title_of_a_run_shows_the_id_that_was_sent(client):
    dispatch(client, inputs={"service_name": "shop", "stratus_id": "req-1.step-004.abc"})
    assert read(client, RUNS).json["workflow_runs"][0]["display_title"] == "Set up monitoring for shop (req-1.step-004.abc)"


def test_runs_are_listed_newest_first_in_pages_and_by_time(client):
    ids = [dispatch(client).json["workflow_run_id"] for _ in range(3)]
    page = read(client, RUNS, per_page=2, page=1).json
    assert (page["total_count"], [run["id"] for run in page["workflow_runs"]]) == (3, ids[:0:-1])
    assert read(client, RUNS, created=">=2999-01-01T00:00:00Z").json["total_count"] == 0
    assert read(client, RUNS, event="push").json["total_count"] == 0


def test_without_being_asked_for_details_it_answers_204(client):
    assert dispatch(client, return_run_details=False).status_code == 204
    assert read(client, RUNS).json["total_count"] == 1


@pytest.mark.parametrize(
    "body",
    [
        {"ref": None},
        {"inputs": ["service_name"]},
        {"inputs": {"service_name": "shop", "colour": "red"}},
        {"inputs": {"team": "growth"}},
        {"inputs": {"service_name": 7}},
        {"inputs": {f"input_{number}": "x" for number in range(26)}},
    ],
)
def test_what_github_would_refuse_is_refused(client, body):
    assert dispatch(client, **body).status_code == 422


def test_a_run_can_be_cancelled_until_it_is_over(client):
    run_id = dispatch(client).json["workflow_run_id"]
    cancel = f"{REPOSITORY}/actions/runs/{run_id}/cancel"
    assert client.post(cancel, headers=SIGNED_IN).status_code == 202
    assert run_of(client, run_id)["conclusion"] == "cancelled"
    assert client.post(cancel, headers=SIGNED_IN).status_code == 409


@pytest.mark.parametrize(
    ("behaviour", "status", "runs"), [("lose", 204, 0), ("answer_204", 204, 1), ("duplicate", 200, 2), ("rate_limit", 403, 0)]
)
def test_it_misbehaves_once_when_told_to(client, behaviour, status, runs):
    client.post("/_control", json={"behaviour": behaviour})
    assert dispatch(client).status_code == status
    assert read(client, RUNS).json["total_count"] == runs
    assert dispatch(client).status_code == 200


def test_a_run_that_is_told_to_fail_leaves_nothing_behind(client):
    client.post("/_control", json={"behaviour": "fail", "conclusion": "timed_out"})
    run_id = dispatch(client).json["workflow_run_id"]
    time.sleep(0.1)
    assert run_of(client, run_id)["conclusion"] == "timed_out"
    assert read(client, f"{REPOSITORY}/actions/runs/{run_id}/artifacts").json["artifacts"] == []


def test_runs_outlive_the_process_in_a_file(tmp_path):
    store = tmp_path / "runs.json"
    run_id = dispatch(create_app(store=store).test_client()).json["workflow_run_id"]
    again = create_app(store=store).test_client()
    assert run_of(again, run_id)["id"] == run_id
    assert dispatch(again).json["workflow_run_id"] > run_id


def test_a_workflow_or_run_that_does_not_exist_is_not_found(client):
    assert client.post(DISPATCHES.replace("setup", "tear-down"), json={"ref": "main"}, headers=SIGNED_IN).status_code == 404
    assert read(client, f"{REPOSITORY}/actions/runs/7").status_code == 404


def test_its_errors_are_as_github_describes_them():
    with Running(create_app()) as server:
        out = DescribedOutbound(server.url)
        headers = SIGNED_IN | {"X-GitHub-Api-Version": "2022-11-28"}
        missing = out.request("GET", f"{server.url}{REPOSITORY}/actions/runs/7", headers=headers, timeout=5)
        refused = out.request("POST", f"{server.url}{DISPATCHES}", json={"ref": "main"}, headers=headers, timeout=5)
        LOOPBACK.request("POST", f"{server.url}/_control", json={"behaviour": "rate_limit"}, timeout=5)
        limited = out.request("POST", f"{server.url}{DISPATCHES}", json={"ref": "main"}, headers=headers, timeout=5)
    assert (missing.status, refused.status, limited.status) == (404, 422, 403)
