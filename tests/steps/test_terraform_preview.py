"""What a run of Terraform would change, by the real program: read, masked, and without a trace."""

import pytest

from app.core.outcomes import Again, Done, Failed
from app.steps.terraform.preview import MASK, MOST_CHANGES, told
from tests.steps.terraform_runs import site

MODULE = """
variable "word" {}
variable "key" {
  sensitive = true
  default   = "%s"
}
resource "terraform_data" "word" { input = var.word }
resource "terraform_data" "key" { input = { key = var.key } }
resource "terraform_data" "anew" { triggers_replace = var.word }
"""


def change(*actions, before=None, after=None, **more):
    return {
        "resource_changes": [
            {"address": "module.main.a.b", "change": {"actions": list(actions), **more} | {"before": before, "after": after}}
        ]
    }


@pytest.mark.parametrize(
    ("actions", "more", "action"),
    [
        (["create"], {}, "create"),
        (["update"], {}, "update"),
        (["delete", "create"], {}, "replace"),
        (["create", "delete"], {}, "replace"),
        (["delete"], {}, "delete"),
        (["read"], {}, "read"),
        (["forget"], {}, "forget"),
        (["no-op"], {"importing": {"id": "x"}}, "import"),
    ],
)
def test_each_change_has_one_action(actions, more, action):
    found = told(change(*actions, **more))
    assert (found["changes"][0]["resource"], found["changes"][0]["action"], found["counts"]) == ("a.b", action, {action: 1})


@pytest.mark.parametrize(
    ("before", "after", "more", "shown"),
    [
        ({"size": 1}, {"size": 2}, {}, ("1", "2")),
        ({"size": "small"}, {"size": "large"}, {}, ("small", "large")),
        ({}, {"size": True}, {}, (None, "true")),
        ({"size": 1}, {}, {"after_unknown": {"size": True}}, ("1", "known after the run")),
        ({"size": 1}, {"size": 2}, {"after_sensitive": {"size": True}}, (MASK, MASK)),
        ({"size": ["a"]}, {"size": ["b"]}, {"before_sensitive": {"size": [True]}}, (MASK, MASK)),
        ({"size": ["a"]}, {"size": ["b"]}, {"before_sensitive": {"size": [False]}}, ("…", "…")),
        ({"size": "a\nb"}, {"size": "a" * 200}, {}, ("…", "…")),
    ],
)
def test_values_are_shown_short_and_masked(before, after, more, shown):
    found = told(change("update", before=before, after=after, **more))
    assert found["changes"][0]["attributes"] == [{"name": "size", "before": shown[0], "after": shown[1]}]


def test_what_stays_is_not_told():
    assert told(change("no-op", before={"a": 1}, after={"a": 1})) == {"changes": [], "counts": {}, "left_out": 0}
    assert told({}) == {"changes": [], "counts": {}, "left_out": 0}


def test_a_long_plan_is_cut_and_counted():
    one = change("create")["resource_changes"]
    found = told({"resource_changes": one * (MOST_CHANGES + 5)})
    assert (len(found["changes"]), found["left_out"], found["counts"]) == (MOST_CHANGES, 5, {"create": MOST_CHANGES + 5})


@pytest.fixture
def place(tmp_path):
    with site(tmp_path) as made:
        yield made


def planned(place, word="new", key="hush", **changes):
    return place.call("plan", MODULE % key, {"word": word}, **changes)


def by_resource(outcome):
    return {one["resource"]: one for one in outcome.evidence["changes"]}


def test_a_plan_tells_what_a_run_would_change_and_leaves_no_trace(place):
    built = place.run(MODULE % "hush", {"word": "old"})
    before = dict(place.store.states)
    found = planned(place, key="hush-hush")
    assert (isinstance(built, Done), place.store.states, place.noted[1:]) == (True, before, [])
    assert found.evidence["counts"] == {"update": 2, "replace": 1}
    changes = by_resource(found)
    assert changes["terraform_data.word"]["attributes"][0] == {"name": "input", "before": "old", "after": "new"}
    assert {"name": "input", "before": MASK, "after": MASK} in changes["terraform_data.key"]["attributes"]
    assert "hush" not in str(found.evidence)
    assert planned(place, "old").evidence == {"changes": [], "counts": {}, "left_out": 0}


def test_before_anything_is_built_all_of_it_is_to_be_created(place):
    assert planned(place).evidence["counts"] == {"create": 3}
    assert place.store.states == {}


def test_a_plan_that_cannot_be_made_is_a_failure_with_its_reason(place):
    found = place.call("plan", 'resource "terraform_data" "x" { input = var.none }')
    assert isinstance(found, Failed)
    assert "has not been declared" in found.message


def test_a_plan_that_is_stopped_is_to_be_made_again(place):
    place.stopping.set()
    assert isinstance(planned(place), Again)


def test_a_workspace_elsewhere_has_no_plan_to_look_at(place):
    found = planned(place, template={"backend": "remote"})
    assert isinstance(found, Failed)
    assert found.message.startswith("HCP Terraform makes the plan when it runs")
