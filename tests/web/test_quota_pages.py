"""Pages of quotas: one's own, every team's for administrators, and the form of limits."""

import pytest

from tests.fixtures.browser_client import words
from tests.fixtures.house import http, item

FILE = "default: {vcpu: 10}\nresources: {vcpu: {title: vCPU, unit: cores}}"


@pytest.fixture
def offered(house, people):
    """An item that takes four of ten vCPU, ordered once by sarah."""
    (house.folder / "quotas.yaml").write_text(FILE)
    house.offer(app=item(http("make"), extra="quota: {vcpu: 9}"))
    house.order("app")
    return house


def test_a_member_sees_what_the_team_has_left(offered, signed_in):
    text = words(signed_in("sarah-123").get("/quotas"))
    assert "vCPU" in text
    assert "Nearly used up" in text
    assert "growth" not in text


def test_a_team_without_limits_is_told_so(house, people, signed_in):
    assert "Your teams have no limits" in words(signed_in("sarah-123").get("/quotas"))


def test_an_administrator_sees_every_team(offered, signed_in):
    text = words(signed_in("dana-001").get("/quotas"))
    assert "customer-experience" in text
    assert "growth" in text


def test_an_administrator_finds_a_team(offered, signed_in):
    text = words(signed_in("dana-001").get("/quotas?team=grow"))
    assert "customer-experience" not in text


def test_an_administrator_sets_limits(offered, signed_in, people):
    dana = signed_in("dana-001")
    form = {"limit.vcpu": "1,200", "new_resource": "databases", "new_limit": "3"}
    answer = dana.send("/quotas/limits?team=growth", form)
    assert answer.status_code == 303
    (team,) = people.api("dana-001").get("/api/v1/admin/quotas?team=growth").json["teams"]
    assert {one["resource"]: one["limit"] for one in team["resources"]} == {"vcpu": 1200, "databases": 3}


def test_what_is_no_number_stays_to_be_corrected(offered, signed_in):
    answer = signed_in("dana-001").send("/quotas/limits?team=growth", {"limit.vcpu": "lots", "new_limit": "3"})
    shown = words(answer)
    assert answer.status_code == 422
    assert 'value="lots"' in answer.text
    assert "The other resource must be filled in." in shown


def test_only_administrators_have_the_form(offered, signed_in):
    assert signed_in("sarah-123").get("/quotas/limits?team=growth").status_code == 403


def test_nothing_left_is_not_called_nearly_used_up(offered, signed_in, people):
    dana = signed_in("dana-001")
    dana.send("/quotas/limits?team=growth", {"limit.vcpu": "0"})
    dana.send("/quotas/limits?team=customer-experience", {"limit.vcpu": "9"})
    text = words(dana.get("/quotas"))
    assert "Nothing is allowed" in text
    assert "Used up" in text


def test_the_form_of_limits_needs_a_team(offered, signed_in):
    assert signed_in("dana-001").get("/quotas/limits").location == "/quotas"
