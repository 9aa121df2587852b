"""What is frozen with a step or a check, as plain JSON: the keys are described at `plan.PlannedStep`. Pure."""

from collections.abc import Mapping
from typing import Any

from app.core.durations import parse_duration
from app.core.plan_checks import Check
from app.core.step_params import undo_of

DEFAULT_RETRY: Mapping[str, Any] = {
    "max_attempts": 1,
    "backoff_strategy": "exponential",
    "initial_delay": "5s",
    "max_delay": "5m",
}


def step_config(fulfillment: Mapping[str, Any], title: str, step: Mapping[str, Any], *, undecided: bool) -> dict[str, Any]:
    """What is frozen of a step of a document that people call `title`. undecided: its `when` is left for later."""
    automation = fulfillment.get("automation") or {}
    rollback = step.get("rollback")
    undo = undo_of(step["type"], rollback)
    config = {
        "template": step.get("template") or {},
        "retry_policy": _retry_policy(step.get("retry_policy") or automation.get("retry_policy") or {}),
        "timeout": _seconds(step["timeout"]) if step.get("timeout") else None,
        "outputs": {**_answers(step), **(step.get("outputs") or {})},
        "errors": list(step.get("errors") or ()),
        "fallback_on_failure": automation.get("fallback_on_failure", True),
        "manual": manual_of(fulfillment, title),
        "undo": undo,
    }
    if step.get("repeatable"):
        config["repeatable"] = True
    if undo == "rollback":
        config["rollback"] = rollback
    if automation.get("timeout"):
        config["automation_timeout"] = _seconds(automation["timeout"])
    return {**config, "when": step["when"]} if undecided else config


def check_config(fulfillment: Mapping[str, Any], check: Check, title: str) -> dict[str, Any]:
    """A check is looked at patiently, not tried again; who is asked about it is told what should hold, not how to build."""
    manual = fulfillment.get("manual") or {}
    return {
        "template": check.template,
        "retry_policy": _retry_policy({}),
        "timeout": check.timeout,
        "outputs": {},
        "errors": [],
        "fallback_on_failure": (fulfillment.get("automation") or {}).get("fallback_on_failure", True),
        "manual": {
            "system": manual.get("system", "internal"),
            "template": {},
            "title": f"{title} does not hold",
            "instructions": check.instructions,
        },
        "undo": "nothing",
    }


def _retry_policy(written: Mapping[str, Any]) -> dict[str, Any]:
    policy = {**DEFAULT_RETRY, **written}
    return {**policy, "initial_delay": _seconds(policy["initial_delay"]), "max_delay": _seconds(policy["max_delay"])}


def _seconds(duration: str) -> float:
    return parse_duration(duration).total_seconds()


def _answers(step: Mapping[str, Any]) -> dict[str, Any]:
    """The fields a ManualTask asks for, as declared outputs: what a person fills in is what the step yields."""
    if step["type"] != "ManualTask":
        return {}
    answers = (step.get("template") or {}).get("answers") or ()
    return {answer["name"]: {key: value for key, value in answer.items() if key != "name"} for answer in answers}


def manual_of(fulfillment: Mapping[str, Any], title: str) -> dict[str, Any]:
    """`fulfillment.manual` as every ticket needs it, whichever system it was written for.

    `{system, template, title, instructions, due?}`; texts are templates still, `title` and `instructions` are never empty.
    """
    manual = fulfillment.get("manual") or {}
    template = manual.get("template") or {}
    heading = next((template[key] for key in ("title", "summary", "subject", "short_description") if template.get(key)), title)
    body = next((template[key] for key in ("instructions", "description", "body") if template.get(key)), heading)
    due = {"due": template["due"]} if template.get("due") else {}
    return {"system": manual.get("system", "internal"), "template": template, "title": heading, "instructions": body, **due}
