"""Checks in the plan: their own numbers, what waits for them, and what is frozen for undoing and for leaving out."""

import dataclasses

from app.core.plan import ChosenItem, concurrent, plan, rolls_back_on_failure

MANUAL = {"system": "internal", "template": {"title": "Do it", "instructions": "By hand."}}
REACHABLE = {"name": "reachable", "type": "tcp", "host": "vault.example.com", "port": 8200}
SMALL = {"name": "small", "type": "expression", "when": "size < 10", "message": "Order less than {{ size }}."}
ANSWERS = {"name": "answers", "type": "http", "url": "https://{{ steps.a.outputs.host }}/health"}


def step(name, template=None, **more):
    return {"name": name, "type": "HttpPost", "template": template or {"url": "https://api.example.com"}, **more}


def document(*steps, preflight=(), health=(), outputs=None, **automation):
    return {
        "fulfillment": {
            "manual": MANUAL,
            "preflight": list(preflight),
            "automation": {"steps": list(steps), **automation},
            "health_checks": list(health),
        },
        "outputs": outputs or {},
    }


def item(alias, *steps, selected=True, depends_on=(), **more):
    definition = document(*steps, **more)
    return ChosenItem(alias, alias, "1.0.0", alias, "platform-data-team", selected, {"size": 3}, definition, depends_on)


def edges(rows):
    return {one.step_id: one.depends_on for one in rows}


def by_id(rows):
    return {one.step_id: one for one in rows}


def test_checks_are_numbered_apart_and_lie_around_the_steps():
    rows = plan([item("db", step("a"), step("b"), preflight=[REACHABLE, SMALL], health=[ANSWERS])])
    assert [(one.step_id, one.kind, one.position) for one in rows] == [
        ("check-001", "preflight", -1),
        ("check-002", "preflight", 0),
        ("step-001", "step", 1),
        ("step-002", "step", 2),
        ("check-003", "health", 3),
    ]


def test_whatever_would_begin_at_once_waits_for_every_preflight_of_the_request():
    rows = plan([item("db", step("a"), step("b", depends_on=["a"]), preflight=[SMALL]), item("app", step("c"))])
    assert edges(rows) == {
        "check-001": (),
        "step-001": ("check-001",),
        "step-002": ("step-001",),
        "step-003": ("check-001",),
    }


def test_a_skipped_parent_lets_nobody_begin_before_the_preflights():
    rows = plan([item("db", step("a", when="size > 5"), step("b", depends_on=["a"]), preflight=[SMALL])])
    assert edges(rows)["step-002"] == ("check-001", "step-001")


def test_a_health_check_waits_for_all_steps_of_its_item():
    rows = plan([item("db", step("a"), step("b"), health=[ANSWERS]), item("app", step("c"))])
    assert edges(rows)["check-001"] == ("step-001", "step-002")


def test_whoever_waits_for_an_item_waits_for_its_health_checks():
    wire = step("wire", {"url": "{{ items.db.outputs.url }}"})
    rows = plan([item("db", step("a"), health=[ANSWERS]), item("app", step("b"), depends_on=("db",))], document(wire))
    assert edges(rows)["step-002"] == ("step-001", "check-001")
    assert edges(rows)["step-003"] == ("step-001", "check-001")


def test_the_health_checks_of_a_bundle_come_after_everything_else():
    own = {"name": "whole", "type": "http", "url": "https://app.example.com"}
    rows = plan([item("db", step("a"), health=[ANSWERS]), item("app", step("b"))], document(step("wire"), health=[own]))
    assert edges(rows)["check-002"] == ("step-001", "step-002", "step-003", "check-001")


def test_an_item_that_is_left_out_is_not_checked():
    rows = plan([item("db", step("a")), item("cache", step("b"), selected=False, preflight=[SMALL], health=[ANSWERS])], {})
    assert [one.step_id for one in rows] == ["step-001"]


def test_a_check_is_frozen_with_its_patience_in_seconds():
    patient = {**ANSWERS, "within": "2m", "every": "5s", "message": "It does not answer."}
    (check,) = [one for one in plan([item("db", step("a"), health=[patient])]) if one.kind == "health"]
    assert (check.type, check.title, check.config["timeout"]) == ("HttpCheck", "Answers", 185)
    assert check.config["template"] == {"url": ANSWERS["url"], "message": "It does not answer.", "within": 120, "every": 5}


def test_a_preflight_looks_once_and_a_health_check_for_five_minutes():
    rows = plan([item("db", step("a"), preflight=[REACHABLE], health=[ANSWERS])])
    assert [one.config["template"]["within"] for one in rows if one.kind != "step"] == [0, 300]


def test_an_expression_is_worked_out_and_shown():
    (check, _) = plan([item("db", step("a"), preflight=[SMALL])])
    assert check.config["template"]["when"] == "{{ size < 10 }}"
    assert check.config["template"]["expression"] == "size < 10"


def test_whoever_is_asked_about_a_check_hears_what_should_hold_and_not_how_to_build():
    (check, _) = plan([item("db", step("a"), preflight=[SMALL])])
    assert check.config["manual"]["title"] == "Small does not hold"
    assert check.config["manual"]["instructions"].startswith("Order less than {{ size }}.\n\n")


def test_a_check_changes_nothing_and_is_undone_by_nothing():
    (check, _) = plan([item("db", step("a"), preflight=[SMALL])])
    assert (check.config["undo"], check.config["retry_policy"]["max_attempts"]) == ("nothing", 1)


def test_each_step_says_how_it_is_undone():
    away = {"type": "HttpPost", "template": {"url": "https://api.example.com/{{ steps.b.outputs.id }}/delete"}}
    terraform = {"name": "c", "type": "TerraformFile", "template": {"module_source": "./m"}}
    rows = plan([item("db", step("a"), step("b", rollback=away), terraform, step("d", rollback={"type": "none"}))])
    assert [one.config["undo"] for one in rows] == ["person", "rollback", "own", "nothing"]
    assert [one.config.get("rollback") for one in rows] == [None, away, None, None]


def test_what_a_rollback_reads_is_no_edge():
    away = {"type": "HttpPost", "template": {"url": "https://api.example.com/{{ steps.a.outputs.id }}"}}
    assert edges(plan([item("db", step("a", rollback=away))])) == {"step-001": ()}


def test_a_step_knows_who_reads_what_it_yields():
    rows = plan([item("db", step("a"), step("b", {"x": "{{ steps.a.outputs.id }}"}), health=[ANSWERS])])
    assert by_id(rows)["step-001"].config["read_by"] == ["step-002", "check-001"]
    assert "read_by" not in by_id(rows)["step-002"].config


def test_reading_the_output_of_an_item_is_reading_the_step_behind_it():
    outputs = {"url": {"value": "https://{{ steps.b.outputs.host }}"}, "port": {"value": 1}}
    wire = step("wire", {"url": "{{ items.db.outputs.url }}"})
    rows = by_id(plan([item("db", step("a"), step("b"), outputs=outputs)], document(wire)))
    assert rows["step-002"].config["read_by"] == ["step-003"]
    assert "read_by" not in rows["step-001"].config


def test_waiting_without_reading_needs_nothing_that_was_yielded():
    rows = plan([item("db", step("a"), step("b", depends_on=["a"]))])
    assert all("read_by" not in one.config for one in rows)


def test_an_entry_says_whether_a_failed_request_rolls_back_by_itself():
    definition = document(step("a"))
    definition["fulfillment"]["rollback"] = {"order": "reverse", "on": "failure"}
    assert rolls_back_on_failure(definition)
    assert not rolls_back_on_failure(document(step("a")))
    assert not rolls_back_on_failure({})


def test_an_item_says_how_many_orders_of_it_run_at_once():
    assert concurrent({"limits": {"concurrent": 2}}) == 2
    assert concurrent(document(step("a"))) is None


def test_an_item_without_automation_is_checked_as_well():
    by_hand = dataclasses.replace(item("db"), definition={"fulfillment": {"manual": MANUAL, "preflight": [SMALL]}})
    assert edges(plan([by_hand])) == {"check-001": (), "step-001": ("check-001",)}
