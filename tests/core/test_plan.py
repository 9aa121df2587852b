"""The plan as a table: which steps, in which order, waiting for which."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.expressions import ExpressionError
from app.core.plan import ChosenItem, cycles, edges_of, plan, ready
from app.core.plan_config import manual_of

MANUAL = {"system": "internal", "template": {"title": "Do it", "instructions": "By hand."}}


def step(name, template=None, **more):
    return {"name": name, "type": "HttpPost", "template": template or {"url": "https://api.example.com"}, **more}


def item(alias, *steps, **more):
    automation = {"automation": {"steps": list(steps)}} if steps else {}
    definition = {"fulfillment": {"manual": MANUAL, **automation}}
    values = {"name": alias, "size": 3}
    return ChosenItem(
        alias, alias.replace("_", "-"), "1.0.0", f"The {alias}", "platform-data-team", True, values, definition, **more
    )


def bundle(*steps, **automation):
    return {"name": "All", "fulfillment": {"manual": MANUAL, "automation": {"steps": list(steps), **automation}}}


WIRE = step(
    "configure_connections",
    {
        "url": "https://connections.example.com",
        "body": {
            "service_url": "{{ items.eks_app.outputs.service_url }}",
            "redis": "{{ items.redis.outputs.endpoint if items.redis.selected else none }}",
        },
    },
    depends_on=["postgres"],
)
STORY = (
    item("eks_app", step("provision_eks_app")),
    item("postgres", step("provision_postgres")),
    item("redis", step("provision_redis")),
    item("monitoring", step("setup_monitoring")),
)


def left_out(items, *aliases):
    return [dataclasses.replace(one, selected=one.alias not in aliases) for one in items]


def table(steps):
    return [(one.step_id, one.name, one.depends_on) for one in steps]


def test_the_story_plans_five_steps():
    assert table(plan(STORY, bundle(WIRE), "platform-solutions-team")) == [
        ("step-001", "provision_eks_app", ()),
        ("step-002", "provision_postgres", ()),
        ("step-003", "provision_redis", ()),
        ("step-004", "setup_monitoring", ()),
        ("step-005", "configure_connections", ("step-001", "step-002", "step-003")),
    ]


def test_an_item_that_is_left_out_leaves_no_gap():
    assert table(plan(left_out(STORY, "redis"), bundle(WIRE), "platform-solutions-team")) == [
        ("step-001", "provision_eks_app", ()),
        ("step-002", "provision_postgres", ()),
        ("step-003", "setup_monitoring", ()),
        ("step-004", "configure_connections", ("step-001", "step-002")),
    ]


def test_each_step_belongs_to_who_owns_its_document():
    steps = plan(STORY, bundle(WIRE), "platform-solutions-team")
    assert [one.owner_team for one in steps] == ["platform-data-team"] * 4 + ["platform-solutions-team"]
    assert [one.item_alias for one in steps] == ["eks_app", "postgres", "redis", "monitoring", None]


def test_steps_of_one_item_run_at_the_same_time_unless_something_says_otherwise():
    steps = plan([item("db", step("a"), step("b"), step("c", depends_on=["a"]), step("d", {"x": "{{ steps.b.outputs.id }}"}))])
    assert table(steps) == [
        ("step-001", "a", ()),
        ("step-002", "b", ()),
        ("step-003", "c", ("step-001",)),
        ("step-004", "d", ("step-002",)),
    ]


def test_an_entry_waits_for_all_steps_of_the_items_it_names():
    steps = plan([item("db", step("a"), step("b")), item("app", step("c"), step("d"), depends_on=("db", "cache"))], bundle())
    assert [one.depends_on for one in steps] == [(), (), ("step-001", "step-002"), ("step-001", "step-002")]


def test_a_reference_to_selected_is_no_edge():
    steps = plan([item("db", step("a"))], bundle(step("b", {"x": "{{ items.db.selected }}"})))
    assert steps[1].depends_on == ()


def test_the_same_item_twice_keeps_its_steps_apart():
    steps = plan(
        [item("first", step("a"), step("b", depends_on=["a"])), item("second", step("a"), step("b", depends_on=["a"]))]
    )
    assert [one.depends_on for one in steps] == [(), ("step-001",), (), ("step-003",)]


def test_an_item_step_reaches_no_other_item():
    steps = plan([item("db", step("a")), item("app", step("b", {"x": "{{ items.db.outputs.y }}"}))])
    assert steps[1].depends_on == ()


@pytest.mark.parametrize(
    ("when", "skipped"),
    [
        ("size > 2", False),
        ("size > 3", True),
        ("{{ parameters.name == 'db' }}", False),
        ("catalog_item.version == '2.0.0'", True),
    ],
)
def test_a_when_over_answers_is_decided_at_once(when, skipped):
    (one,) = plan([item("db", step("a", when=when))])
    assert one.skipped is skipped
    assert "when" not in one.config


def test_a_when_over_outputs_is_left_for_later():
    steps = plan([item("db", step("a"), step("b", when="steps.a.outputs.fresh"))])
    assert not steps[1].skipped
    assert steps[1].config["when"] == "steps.a.outputs.fresh"
    assert steps[1].depends_on == ("step-001",)


@pytest.mark.parametrize(("left", "skipped"), [((), False), (("redis",), True)])
def test_a_when_over_the_choice_of_items_is_decided_at_once(left, skipped):
    wire = step("wire", when="items.redis.selected and bundle.enable_ha")
    steps = plan(left_out(STORY, *left), bundle(wire), "platform-solutions-team", {"enable_ha": True})
    assert steps[-1].skipped is skipped


def test_a_when_that_cannot_be_worked_out_is_an_error():
    with pytest.raises(ExpressionError):
        plan([item("db", step("a", when="name > 3"))])


def test_an_item_that_nobody_automated_is_one_task_for_a_person():
    (one,) = plan([item("db")])
    assert (one.name, one.title, one.type) == ("fulfil_db", "The db", "ManualTask")
    assert one.config["template"] == {"instructions": "By hand."}


def test_titles_are_spoken_names_unless_written():
    first, second = plan([item("db", step("provision_db"), step("b", title="Backups"))])
    assert (first.title, second.title) == ("Provision db", "Backups")


def test_what_a_step_says_wins_over_its_automation():
    own = step("a", timeout="5m", retry_policy={"max_attempts": 3, "initial_delay": "1s"})
    definition = {
        "fulfillment": {
            "manual": MANUAL,
            "automation": {
                "steps": [own, step("b")],
                "timeout": "1h",
                "retry_policy": {"max_attempts": 2, "backoff_strategy": "fixed"},
                "fallback_on_failure": False,
            },
        }
    }
    first, second = plan([dataclasses.replace(item("db"), definition=definition)])
    assert first.config["timeout"] == 300
    assert first.config["retry_policy"] == {
        "max_attempts": 3,
        "backoff_strategy": "exponential",
        "initial_delay": 1,
        "max_delay": 300,
    }
    assert second.config["retry_policy"]["max_attempts"] == 2
    assert second.config["fallback_on_failure"] is False


def test_the_timeout_of_an_automation_is_the_budget_of_all_its_steps():
    definition = {
        "fulfillment": {"manual": MANUAL, "automation": {"steps": [step("a", timeout="5m"), step("b")], "timeout": "1h"}}
    }
    first, second = plan([dataclasses.replace(item("db"), definition=definition)])
    assert [(one.config["timeout"], one.config["automation_timeout"]) for one in (first, second)] == [(300, 3600), (None, 3600)]


def test_without_a_word_a_step_is_tried_once_and_then_goes_to_a_person():
    (one,) = plan([item("db", step("a"))])
    assert one.config["retry_policy"]["max_attempts"] == 1
    assert (one.config["timeout"], one.config["fallback_on_failure"]) == (None, True)
    assert "automation_timeout" not in one.config


def test_what_a_person_is_asked_becomes_an_output():
    task = step(
        "a", {"instructions": "Look", "answers": [{"name": "rack", "type": "string"}]}, outputs={"port": {"type": "integer"}}
    )
    (one,) = plan([item("db", {**task, "type": "ManualTask"})])
    assert one.config["outputs"] == {"rack": {"type": "string"}, "port": {"type": "integer"}}


def test_a_terraform_step_pins_its_module():
    terraform = {**step("a", {"module_source": "./modules/db"}), "type": "TerraformFile"}
    (one,) = plan([item("db", terraform, modules={"./modules/db": "abc"})])
    assert one.module_sha256 == "abc"


@pytest.mark.parametrize(
    ("template", "title", "instructions"),
    [
        ({"title": "A", "instructions": "B"}, "A", "B"),
        ({"summary": "A", "description": "B"}, "A", "B"),
        ({"subject": "A", "body": "B"}, "A", "B"),
        ({"project": "X"}, "Database", "Database"),
    ],
)
def test_a_ticket_has_a_title_and_instructions_whichever_system_it_was_written_for(template, title, instructions):
    manual = manual_of({"manual": {"system": "jira", "template": template}}, "Database")
    assert (manual["title"], manual["instructions"]) == (title, instructions)


def test_edges_of_a_bundle_join_its_entries_and_its_steps():
    edges = edges_of([WIRE], {"eks_app": [], "postgres": ["eks_app"], "redis": []})
    assert edges == {
        "eks_app": set(),
        "postgres": {"eks_app"},
        "redis": set(),
        "configure_connections": {"eks_app", "postgres", "redis"},
    }


@pytest.mark.parametrize(
    ("edges", "found"),
    [
        ({}, []),
        ({"a": ["b"], "b": []}, []),
        ({"a": ["a"]}, [("a",)]),
        ({"b": ["a"], "a": ["b"]}, [("a", "b")]),
        ({"a": ["b"], "b": ["c"], "c": ["a"], "d": ["d"], "e": ["a"]}, [("a", "b", "c"), ("d",)]),
    ],
)
def test_cycles_are_named_in_the_order_of_waiting(edges, found):
    assert cycles(edges) == found


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ({"a": "pending", "b": "pending", "c": "pending"}, {"a", "b"}),
        ({"a": "completed", "b": "running", "c": "pending"}, set()),
        ({"a": "completed", "b": "skipped", "c": "pending"}, {"c"}),
        ({"a": "completed", "b": "failed", "c": "pending"}, set()),
        ({"a": "completed", "b": "completed", "c": "ready"}, set()),
    ],
)
def test_a_pending_step_is_ready_when_its_parents_are_done(statuses, expected):
    assert ready({"c": ["a", "b"]}, statuses) == expected


names = st.sampled_from("abcdef")
graphs = st.dictionaries(names, st.sets(names, max_size=3), max_size=6)


@given(graphs)
def test_every_cycle_that_is_named_is_one(edges):
    for cycle in cycles(edges):
        assert all(after in edges[before] for before, after in zip(cycle, (*cycle[1:], cycle[0]), strict=True))


@given(graphs)
def test_a_graph_without_cycles_runs_to_its_end(edges):
    """Whatever is ready runs at once; only what hangs on a cycle is left."""
    nodes = set(edges).union(*edges.values())
    statuses = dict.fromkeys(nodes, "pending")
    while now := ready(edges, statuses):
        assert all(statuses[parent] == "completed" for node in now for parent in edges.get(node, ()))
        statuses.update(dict.fromkeys(now, "completed"))
    assert (set(statuses.values()) <= {"completed"}) is (cycles(edges) == [])
