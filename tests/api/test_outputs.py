"""GET /requests/{id}/outputs: of one item, in clear for the team that asked, as a `.env` file."""

import pytest

from app.core.outcomes import Done
from app.models import AuditEntry
from tests.fixtures.house import House, http, item

URL = "/api/v1/requests"


@pytest.fixture
def secretive(sarah, house: House) -> str:
    """sarah's order of an item that gives an address and a password."""
    given = (
        'outputs: {address: {value: "db.example.com"}, password: {value: "{{ steps.make.outputs.password }}", sensitive: true}}'
    )
    house.offer(secretive=item(http("make", outputs="{password: {type: string, sensitive: true}}"), extra=given))
    made = sarah.post(URL, json={"catalog_item": "secretive"}).json["request_id"]
    house.finish(Done({"password": "hunter2"}, frozenset({"password"})))
    return made


def reveals(session) -> list[tuple[str, str]]:
    return [(one.actor, one.result) for one in session.query(AuditEntry).filter_by(action="outputs.reveal")]


def test_sensitive_ones_are_masked_unless_somebody_asks(sarah, secretive):
    assert sarah.get(f"{URL}/{secretive}/outputs").json["outputs"] == {"address": "db.example.com", "password": "********"}


def test_the_team_that_ordered_reads_them_and_that_is_written_down(bob, secretive, session):
    answer = bob.get(f"{URL}/{secretive}/outputs?reveal=true")
    assert answer.json["outputs"]["password"] == "hunter2"
    assert reveals(session) == [("bob-456", "done")]


def test_the_platform_team_is_refused_and_that_is_written_down(carol, secretive, session):
    assert carol.get(f"{URL}/{secretive}/outputs?reveal=true").status_code == 403
    assert reveals(session) == [("carol-789", "refused")]


def test_a_stranger_finds_nothing(mallory, secretive):
    assert mallory.get(f"{URL}/{secretive}/outputs?reveal=true").status_code == 404


def test_as_a_file(sarah, secretive):
    masked = sarah.get(f"{URL}/{secretive}/outputs?format=env")
    clear = sarah.get(f"{URL}/{secretive}/outputs?format=env&reveal=true")
    assert masked.text == "ADDRESS='db.example.com'\n# PASSWORD is sensitive: ask for it to be revealed\n"
    assert clear.text == "ADDRESS='db.example.com'\nPASSWORD='hunter2'\n"


def test_of_one_item_of_a_bundle(sarah, finished):
    every = sarah.get(f"{URL}/{finished}/outputs").json["outputs"]
    assert sarah.get(f"{URL}/{finished}/outputs?item=postgres").json["outputs"] == every["postgres"]
    assert sarah.get(f"{URL}/{finished}/outputs?item=postgres&format=env").text.startswith("CONNECTION_STRING='")


def test_an_item_that_is_not_there_is_named(sarah, finished):
    answer = sarah.get(f"{URL}/{finished}/outputs?item=mysql")
    assert answer.status_code == 404
    assert "eks_app, postgres, redis, monitoring, bundle" in answer.json["detail"]
