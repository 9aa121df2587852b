"""Whether what was observed after a step's call is what the catalog asked for. Pure: a spec and evidence in, checks out.

The shapes of a spec are in `core.step_params` (`VERIFICATIONS`). Evidence is what a step's `Done` carries: of an HTTP call
`{status, headers (lower-case names), body (JSON, or text)}`; of a workflow run `{conclusion, artifacts: [names]}`; of Terraform
`{resource_count, outputs: [names]}`; of a check `{ok, expected, actual}`. What the evidence does not hold was not observed, and
fails the check.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2
from jsonpath_ng.exceptions import JSONPathError
from jsonpath_ng.jsonpath import JSONPath
from jsonpath_ng.parser import parse as parse_path


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `name` reads as what was checked; `expected` and `actual` are plain JSON."""

    name: str
    ok: bool
    expected: Any
    actual: Any

    def __str__(self) -> str:
        return f"{self.name}: expected {self.expected!r}, found {self.actual!r}"


def verify(spec: Mapping[str, Any], evidence: Mapping[str, Any]) -> list[Check]:
    """Every check that `spec` asks for, in its order; none failed means verified.

    Raises KeyError for a `type` that no step has (the loader lets none through).
    """
    return list(_KINDS[spec["type"]](spec, evidence))


def _terraform_state(spec: Mapping[str, Any], evidence: Mapping[str, Any]) -> Iterator[Check]:
    if spec.get("resource_count") is not None:
        yield _equal("resources in the state", spec["resource_count"], evidence.get("resource_count"))
    yield from _present("output", spec.get("required_outputs", ()), evidence.get("outputs"))


def _workflow_status(spec: Mapping[str, Any], evidence: Mapping[str, Any]) -> Iterator[Check]:
    yield _equal("conclusion of the run", spec.get("conclusion", "success"), evidence.get("conclusion"))


def _artifact_exists(spec: Mapping[str, Any], evidence: Mapping[str, Any]) -> Iterator[Check]:
    yield from _present("artifact", [spec["name"]], evidence.get("artifacts"))


def _http_status(spec: Mapping[str, Any], evidence: Mapping[str, Any]) -> Iterator[Check]:
    allowed, actual = spec["status"], evidence.get("status")
    yield Check("HTTP status", actual in (allowed if isinstance(allowed, list) else [allowed]), allowed, actual)


def _headers_present(spec: Mapping[str, Any], evidence: Mapping[str, Any]) -> Iterator[Check]:
    seen = {name.lower() for name in evidence.get("headers") or ()}
    yield from (Check(f"header {name}", name.lower() in seen, name, sorted(seen)) for name in spec["headers"])


def _response_body(spec: Mapping[str, Any], evidence: Mapping[str, Any]) -> Iterator[Check]:
    """Everything that the path finds must fit, and it must find something: "all are ready" is not true of an empty list."""
    name = f"{spec['path']} in the reply"
    try:
        found = [match.value for match in _path(spec["path"]).find(evidence.get("body"))]
    except JSONPathError as error:
        yield Check(name, ok=False, expected="a JSON path", actual=str(error))
        return
    if spec.get("equals") is not None:
        yield Check(name, _all(found, lambda value: _same(value, spec["equals"])), spec["equals"], found)
    if spec.get("matches") is not None:
        yield Check(name, _all(found, lambda value: _matches(spec["matches"], value)), spec["matches"], found)
    if spec.get("equals") is None and spec.get("matches") is None:
        yield Check(name, bool(found), "something", found)


def _check(spec: Mapping[str, Any], evidence: Mapping[str, Any]) -> Iterator[Check]:
    """What a step that is a check saw by itself (`core.plan` asks for it)."""
    yield Check(spec["name"], evidence.get("ok") is True, evidence.get("expected"), evidence.get("actual"))


_KINDS: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any]], Iterator[Check]]] = {
    "terraform_state": _terraform_state,
    "workflow_status": _workflow_status,
    "artifact_exists": _artifact_exists,
    "http_status": _http_status,
    "response_body": _response_body,
    "headers_present": _headers_present,
    "check": _check,
}


def _equal(name: str, expected: Any, actual: Any) -> Check:
    return Check(name, _same(expected, actual), expected, actual)


def _present(what: str, names: Iterable[str], seen: Iterable[str] | None) -> Iterator[Check]:
    there = sorted(seen or ())
    yield from (Check(f"{what} {name}", name in there, name, there) for name in names)


def _all(found: list[Any], fits: Callable[[Any], bool]) -> bool:
    return bool(found) and all(fits(value) for value in found)


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON: `true` is not 1, though Python says so."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _matches(pattern: str, value: Any) -> bool:
    try:
        return isinstance(value, str) and re2.search(pattern, value) is not None
    except re2.error:
        return False


@lru_cache(maxsize=256)
def _path(text: str) -> JSONPath:
    return parse_path(text)
