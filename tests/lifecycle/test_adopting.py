"""Taking over what a person made: how ticket and step go through it, whatever comes in between."""

import pytest

from app.core.outcomes import Again, Done, Failed, Indeterminate
from app.errors import Conflict, Invalid
from app.models.tables import REQUEST
from tests.fixtures.house import House, http, item, terraform

OUTPUTS = "{host: {type: string}, password: {type: string, sensitive: true}}"
ROWS = [{"address": "terraform_data.main", "id": "db-123"}]
PENDING = [{"resource": "terraform_data.main", "action": "update", "attributes": []}]
TAKEN = Done({"host": "db", "password": "s3cret"}, frozenset({"password"}), {"adopted": ROWS, "pending": PENDING})


@pytest.fixture
def built(house: House) -> House:
    """A request whose step of Terraform has failed, and a step after it."""
    house.offer(built=item("\n".join([terraform("build", outputs=OUTPUTS), http("after", depends_on="[build]")])))
    house.order("built")
    house.finish(Failed("no room", retryable=False))
    return house


def adopt(house: House, outputs=None, rows=ROWS, **more) -> None:
    house.end_ticket("resolve", outputs or {}, "made in the console", rows, **more)


def ticket(house: House):
    return house.tickets()[-1]


def test_the_step_waits_for_a_worker_and_its_ticket_for_nobody(built: House) -> None:
    adopt(built, {"password": "s3cret"})
    assert (built.statuses()["build"], ticket(built).status) == ("waiting", "adopting")
    assert built.request(built_request(built)).status == "in_progress"
    assert "s3cret" not in str(ticket(built).adoption)
    for what, more in (("resolve", ({"host": "x", "password": "y"},)), ("retry", ()), ("reject", ("no",)), ("claim", ())):
        with pytest.raises(Conflict, match="takes over what Dana made"):
            built.end_ticket(what, *more)


def test_what_was_taken_over_is_the_machines_and_the_request_goes_on(built: House) -> None:
    adopt(built)
    claim = built.must_claim()
    assert (claim.activity, claim.step.attempt) == ("adopt", 1)
    built.record(claim, TAKEN)
    assert built.statuses() == {"build": "completed", "after": "ready"}
    assert (built.step("build").managed_by, built.step("build").outputs) == ("automation", {"host": "db"})
    ended = ticket(built)
    assert (ended.status, ended.resolution["pending"], ended.adoption_secrets) == ("resolved", PENDING, None)
    assert built.attempts("build")[0].status == "failed"


@pytest.mark.parametrize(
    "outcome", [Failed("it would be replaced", "adopt_destroys"), Indeterminate({"what": "a bug"})], ids=["refused", "a bug"]
)
def test_what_cannot_be_taken_over_goes_back_to_the_person_with_all_that_was_typed(built: House, outcome) -> None:
    built.end_ticket("claim")
    adopt(built, {"host": "db", "password": "s3cret"})
    built.finish(outcome)
    again = ticket(built)
    assert (again.status, len(built.tickets()), built.statuses()["build"]) == ("claimed", 1, "failed")
    assert (again.error["message"], again.adoption["outputs"]) == ("no room", {"host": "db"})
    assert again.adoption["error"]["type"] in ("adopt_destroys", "indeterminate")
    adopt(built)
    built.finish(TAKEN)
    assert ticket(built).status == "resolved"
    assert "error" not in ticket(built).adoption


def test_an_unknown_step_is_unknown_again_when_it_cannot_be_taken_over(house: House) -> None:
    house.offer(built=item(terraform("build")))
    house.order("built")
    house.finish(Indeterminate({"what": "it died"}))
    house.finish(Indeterminate({"what": "nobody knows", "check": ["terraform_data.main"]}))
    adopt(house)
    house.finish(Failed("no such thing"))
    assert (house.statuses(), ticket(house).status) == ({"build": "indeterminate"}, "open")
    house.end_ticket("retry")
    assert house.statuses() == {"build": "ready"}


def test_a_worker_that_dies_or_is_told_to_go_leaves_it_to_the_next_one(built: House) -> None:
    adopt(built)
    late = built.must_claim()
    built.lose("build")
    built.finish(Again("told to go"))
    assert built.record(late, TAKEN) is None
    built.finish(TAKEN)
    assert built.statuses()["build"] == "completed"


def test_after_three_lost_workers_the_person_hears_of_it(built: House) -> None:
    adopt(built)
    for _ in range(3):
        built.must_claim()
        built.lose("build")
    assert (built.statuses()["build"], ticket(built).status) == ("failed", "open")
    assert "3 times in a row" in ticket(built).adoption["error"]["message"]
    assert built.claim() is None


@pytest.mark.parametrize("running", [False, True])
def test_a_cancelled_request_has_nothing_taken_over_any_more(built: House, running: bool) -> None:
    adopt(built)
    claim = built.must_claim() if running else None
    built.cancel(built_request(built))
    claim = claim or built.must_claim()
    assert built.step("build").stop_wanted
    built.record(claim, Again("stopped"))
    assert built.request(built_request(built)).status == "cancelled"
    assert (built.statuses()["build"], ticket(built).status) == ("cancelled", "rejected")


def test_every_fault_is_told_by_row_beside_those_of_the_outputs(built: House) -> None:
    rows = [{"address": "data.aws_ami.x", "id": ""}, *ROWS, *ROWS, {"address": 'a.b["${x}"]', "id": "a\nb"}]
    with pytest.raises(Invalid) as refused:
        adopt(built, {"host": 5}, rows)
    found = {fault.pointer: fault.code for fault in refused.value.faults}
    assert found == {
        "/adopt/0/address": "format",
        "/adopt/0/id": "required",
        "/adopt/2/address": "duplicate",
        "/adopt/3/address": "format",
        "/adopt/3/id": "format",
        "/outputs/host": "type",
    }
    assert ticket(built).status == "open"


def test_only_what_terraform_of_ours_was_to_build_is_taken_over(house: House) -> None:
    house.offer(called=item(http("call")))
    house.order("called")
    house.finish(Failed("no room", retryable=False))
    with pytest.raises(Invalid) as refused:
        adopt(house)
    assert [fault.code for fault in refused.value.faults] == ["not_adoptable"]


def test_what_a_person_made_and_did_not_have_taken_over_a_person_takes_back(built: House) -> None:
    built.end_ticket("resolve", {"host": "db", "password": "x"})
    built.finish(Done())
    built.roll_back(built_request(built))
    built.end_ticket("resolve", {})
    assert (built.step("build").managed_by, built.claim()) == ("person", None)
    assert (ticket(built).ticket_type, ticket(built).status) == ("undo", "open")


def built_request(house: House) -> str:
    return str(house.rows(REQUEST.select())[0].request_id)
