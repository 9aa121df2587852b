"""POST and GET /requests/{id}/steps/{step}/plan: what running a failed step of Terraform again would change."""

import pytest

from app.core.outcomes import Done, Failed
from app.models.tables import STEP
from tests.fixtures.house import House, item, terraform

CHANGE = {"resource": "db.main", "action": "update", "attributes": [{"name": "size", "before": "1", "after": "2"}]}
FOUND = {"changes": [CHANGE], "counts": {"update": 1}, "left_out": 0}


@pytest.fixture
def url(house: House, sarah) -> str:
    """The plan of a step of Terraform that has failed."""
    house.offer(built=item(terraform("build")))
    made = sarah.post("/api/v1/requests", json={"catalog_item": "built"}).json["request_id"]
    house.finish(Failed("no room"))
    return f"/api/v1/requests/{made}/steps/step-001/plan"


def test_a_plan_is_asked_for_and_shown(url, house: House, sarah):
    assert sarah.get(url).json["status"] == "none"
    asked = sarah.post(url)
    assert (asked.status_code, asked.json["status"], asked.json["asked_by"]) == (202, "asked", "sarah-123")
    house.finish(Done(evidence=FOUND))
    made = sarah.get(url).json
    assert (made["status"], made["changes"], made["counts"]) == ("made", [CHANGE], {"update": 1})
    assert (made["out_of_date"], made["nothing_to_change"], made["error"], made["refused"]) == ([], False, None, None)


def test_a_plan_without_changes_says_so(url, house: House, carol):
    carol.post(url)
    house.finish(Done(evidence={"changes": [], "counts": {}, "left_out": 0}))
    assert carol.get(url).json["nothing_to_change"] is True


def test_a_plan_that_could_not_be_made_says_why(url, house: House, sarah):
    sarah.post(url)
    house.finish(Failed("There is no such region.", kind="terraform_error", details={"resource": "db.main"}))
    made = sarah.get(url).json
    assert (made["status"], made["error"]["message"]) == ("failed", "There is no such region.")


def test_what_has_no_plan_says_why(url, house: House, sarah):
    sarah.post(url.removesuffix("plan") + "retry")
    refused = sarah.post(url)
    assert (refused.status_code, refused.json["detail"]) == (409, "It is ready: only a step that failed can be run again.")
    assert sarah.get(url).json["refused"] == "it is ready: only a step that failed can be run again"
    assert house.rows(STEP.select())[0].status == "ready"
