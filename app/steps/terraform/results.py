"""Reads what a run built out of `terraform show -json`: outputs, which of them are secret, how many resources."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from app.core.outcomes import Done, Outcome
from app.steps.parts import declared_outputs, done_or_incomplete


def done(state: Mapping[str, Any], declared_secret: frozenset[str], declared: Mapping[str, Mapping[str, Any]]) -> Outcome:
    """The outcome of a run that went well.

    state: `show -json` of the state. declared_secret: the outputs that the module declares sensitive. declared: the step's
    outputs in the catalog; what is sensitive there is so, whatever the module says.
    """
    outputs = (state.get("values") or {}).get("outputs") or {}
    told = {name: output.get("value") for name, output in outputs.items()}
    return built(told, len(managed(state)), declared_secret, declared)


def managed(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The resources that Terraform built and keeps, as `show -json` of the state lists them: `{address, values, …}`."""
    root = (state.get("values") or {}).get("root_module") or {}
    return [one for one in _resources(root) if one.get("mode") == "managed"]


def built(
    told: Mapping[str, Any], count: int, declared_secret: frozenset[str], declared: Mapping[str, Mapping[str, Any]]
) -> Outcome:
    """The same, from the root module's outputs (`values` and `secret_names`) and the number of managed resources."""
    values: dict[str, Any] = told.get("values") or {}
    promised = declared_outputs(declared, values)
    outputs = {**values, **promised.values}
    secret = promised.sensitive.union(declared_secret, told.get("secret_names") or ())
    evidence = {"resource_count": count, "outputs": sorted(values)}
    return done_or_incomplete(promised, Done(outputs, secret.intersection(outputs), evidence), "the module")


def may_declare_secrets(module: Path) -> bool:
    """False when no file of the module holds the word `sensitive`: then asking for the plan's configuration is for nothing."""
    return any(b"sensitive" in path.read_bytes() for path in module.rglob("*") if path.is_file())


def declared_secrets(plan: Mapping[str, Any]) -> frozenset[str]:
    """The outputs of the ordered module that say `sensitive = true`, from `show -json` of a plan.

    Terraform 1.11 does not mark them where the calling module reads them, 1.15 does (both seen).
    """
    root = (plan.get("configuration") or {}).get("root_module") or {}
    module = ((root.get("module_calls") or {}).get("main") or {}).get("module") or {}
    return frozenset(name for name, output in (module.get("outputs") or {}).items() if output.get("sensitive"))


def _resources(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from module.get("resources", ())
    for child in module.get("child_modules", ()):
        yield from _resources(child)
