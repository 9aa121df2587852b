"""Turns Terraform's diagnostics into a failed step: which error to show, which resource it is about, which advice fits.

A diagnostic is `{severity, summary, detail, address?, range?, snippet?}` (Terraform's machine-readable UI, version 1.2). A
precondition that fails at plan time has no `address`: its resource is read from `snippet.context`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.core.outcomes import Failed
from app.steps.parts import known_error

KIND = "terraform_error"
KEPT_DIAGNOSTICS = 20
KEPT_CHARACTERS = 4000
ROOT = "module.main."
"""The generated root module calls the ordered one `main`; people never wrote that part of an address."""
BLOCK = re.compile(r'^(?P<mode>resource|data|ephemeral) "(?P<type>[^"]+)" "(?P<name>[^"]+)"$')
RULE_PLACE = re.compile(r"\s*This was checked by the validation rule at \S+\s*$")


def local_address(address: str) -> str:
    """A resource's address as the module's author knows it."""
    return address.removeprefix(ROOT)


def resource(diagnostic: Mapping[str, Any]) -> str | None:
    """The address of the resource that a diagnostic is about, or None when it is about none."""
    if diagnostic.get("address"):
        return local_address(str(diagnostic["address"]))
    block = BLOCK.match((diagnostic.get("snippet") or {}).get("context") or "")
    if block is None:
        return None
    prefix = "" if block["mode"] == "resource" else f"{block['mode']}."
    return f"{prefix}{block['type']}.{block['name']}"


def message(diagnostic: Mapping[str, Any]) -> str:
    """What to tell people: the detail, else the summary."""
    detail = RULE_PLACE.sub("", str(diagnostic.get("detail") or "")).strip()
    return (detail or str(diagnostic.get("summary") or "Terraform reported an error")).replace(ROOT, "")[:KEPT_CHARACTERS]


def brief(diagnostic: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a diagnostic that is kept. Its snippet is not: it quotes values."""
    place = diagnostic.get("range") or {}
    kept = {
        "severity": diagnostic.get("severity"),
        "summary": diagnostic.get("summary"),
        "detail": str(diagnostic.get("detail") or "").replace(ROOT, "")[:KEPT_CHARACTERS],
        "resource": resource(diagnostic),
        "place": f"{place['filename']}:{place['start']['line']}" if place else None,
    }
    return {key: value for key, value in kept.items() if value}


def failed(diagnostics: Sequence[Mapping[str, Any]], rules: Sequence[Mapping[str, str]], otherwise: str) -> Failed:
    """The outcome of a command that ended badly.

    rules: the catalog's `[{match, error_code, advice}]`. The error that a rule knows is the one that is told; else the first
    one; where Terraform reported none (it crashed, or is too old), `otherwise` is.
    """
    errors = [one for one in diagnostics if one.get("severity") == "error"]
    if not errors:
        return Failed(otherwise, KIND, known_error(rules, otherwise))
    known = ((one, advice) for one in errors if (advice := known_error(rules, _text(one))))
    told, advice = next(known, (errors[0], {}))
    about = {
        "resource": resource(told),
        "summary": told.get("summary"),
        "diagnostics": [brief(one) for one in diagnostics[:KEPT_DIAGNOSTICS]],
    }
    return Failed(message(told), KIND, advice | {key: value for key, value in about.items() if value})


def _text(diagnostic: Mapping[str, Any]) -> str:
    return f"{diagnostic.get('summary') or ''}\n{diagnostic.get('detail') or ''}"[:KEPT_CHARACTERS]
