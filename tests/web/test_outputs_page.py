"""The page of a request's outputs: what is hidden, who reveals it, and the files."""

import json

import pytest

from app.core.outcomes import Done
from tests.fixtures.house import House, http, item

GIVEN = 'outputs: {address: {value: "db.example.com"}, password: {value: "{{ steps.make.outputs.password }}", sensitive: true}}'


@pytest.fixture
def request_id(house: House) -> str:
    """sarah's order of an item that gives an address and a password."""
    house.offer(secretive=item(http("make", outputs="{password: {type: string, sensitive: true}}"), extra=GIVEN))
    made = house.order("secretive").request_id
    house.finish(Done({"password": "hunter2"}, frozenset({"password"})))
    return made


def test_a_sensitive_output_is_hidden_until_somebody_asks(signed_in, request_id):
    sarah = signed_in("sarah-123")
    assert "hunter2" not in sarah.get(f"/requests/{request_id}/outputs").text
    shown = sarah.send(f"/requests/{request_id}/outputs", {"group": "secretive", "name": "password"})
    assert "hunter2" in shown.text


def test_the_platform_team_has_no_button_and_is_refused(signed_in, request_id):
    carol = signed_in("carol-789")
    assert "Reveal" not in carol.get(f"/requests/{request_id}/outputs").text
    assert carol.send(f"/requests/{request_id}/outputs").status_code == 403


def test_files_leave_secrets_out_unless_they_are_asked_for(signed_in, request_id):
    sarah = signed_in("sarah-123")
    masked = sarah.get(f"/requests/{request_id}/outputs.json")
    clear = sarah.send(f"/requests/{request_id}/outputs.json")
    assert json.loads(masked.text)["outputs"] == {"address": "db.example.com", "password": "********"}
    assert json.loads(clear.text)["outputs"]["password"] == "hunter2"
    assert f"{request_id}.json" in clear.headers["Content-Disposition"]


def test_a_file_for_the_environment(signed_in, request_id):
    clear = signed_in("sarah-123").send(f"/requests/{request_id}/outputs.env")
    assert clear.text == "ADDRESS='db.example.com'\nPASSWORD='hunter2'\n"


def test_before_there_is_anything_the_page_says_so(signed_in, house):
    house.offer(secretive=item(http("make", outputs="{password: {type: string, sensitive: true}}"), extra=GIVEN))
    made = house.order("secretive").request_id
    page = signed_in("sarah-123").get(f"/requests/{made}/outputs").text
    assert "not yet" in page
    assert "As a file" not in page
