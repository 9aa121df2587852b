"""What HCP Terraform's answers look like: JSON:API documents with the members that HashiCorp's pages show."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from dev.standins.tfe_world import Configuration, Run, StateVersion, Variable, Workspace

API = "/api/v2"


def workspace_of(space: Workspace) -> dict[str, Any]:
    """A workspace."""
    latest = space.runs[-1].id if space.runs else None
    state = space.states[-1] if space.states else None
    attributes = {
        "name": space.name,
        "description": space.description,
        "auto-apply": space.auto_apply,
        "allow-destroy-plan": True,
        "created-at": moment(space.created),
        "environment": "default",
        "execution-mode": "remote",
        "global-remote-state": False,
        "locked": any(run.status != "pending" and not run.ended for run in space.runs),
        "queue-all-runs": False,
        "resource-count": sum(int(one["count"]) for one in state.state.resources) if state else 0,
        "source": "tfe-api",
        "speculative-enabled": True,
        "structured-run-output-enabled": True,
        "terraform-version": "1.13.0",
        "updated-at": moment(space.created),
        "vcs-repo": None,
        "working-directory": None,
        "permissions": {"can-queue-run": True, "can-queue-apply": True, "can-queue-destroy": True, "can-update": True},
    }
    related = {
        "organization": _one("organizations", space.organization),
        "current-run": _one("runs", latest),
        "latest-run": _one("runs", latest),
        "current-state-version": _one("state-versions", state.id if state else None),
    }
    link = f"{API}/organizations/{space.organization}/workspaces/{space.name}"
    pages = {"self-html": f"/app/{space.organization}/workspaces/{space.name}"}
    return _resource("workspaces", space.id, attributes, related, link, pages)


def variable_of(variable: Variable, space: Workspace) -> dict[str, Any]:
    """A variable; the value of a sensitive one is gone."""
    attributes = {
        "key": variable.key,
        "value": None if variable.sensitive else variable.value,
        "description": variable.description,
        "category": variable.category,
        "hcl": variable.hcl,
        "sensitive": variable.sensitive,
        "version-id": variable.id.removeprefix("var-"),
    }
    link = f"{API}/workspaces/{space.id}/vars/{variable.id}"
    return _resource("vars", variable.id, attributes, {"configurable": _one("workspaces", space.id)}, link)


def configuration_of(configuration: Configuration, now: float, upload_url: str | None = None) -> dict[str, Any]:
    """A configuration. upload_url: only where it was just created."""
    broken = configuration.status(now) == "errored"
    attributes: dict[str, Any] = {
        "auto-queue-runs": configuration.auto_queue,
        "error": "failed" if broken else None,
        "error-message": "the archive cannot be read" if broken else None,
        "source": "tfe-api",
        "speculative": configuration.speculative,
        "status": configuration.status(now),
        "status-timestamps": {},
    }
    attributes |= {"upload-url": upload_url} if upload_url else {}
    link = f"{API}/configuration-versions/{configuration.id}"
    return _resource("configuration-versions", configuration.id, attributes, {"ingress-attributes": {"data": None}}, link)


def run_of(run: Run) -> dict[str, Any]:
    """A run."""
    own = run.id.removeprefix("run-")
    allowed = "needs_person" not in run.plot
    attributes = {
        "actions": {
            "is-cancelable": run.may["cancel"],
            "is-confirmable": run.may["apply"],
            "is-discardable": run.may["discard"] and run.status != "pending",
            "is-force-cancelable": run.may["force-cancel"],
        },
        "allow-empty-apply": False,
        "auto-apply": run.auto_apply,
        "canceled-at": moment(run.times["canceled"]) if "canceled" in run.times else None,
        "created-at": moment(run.created),
        "has-changes": run.changes,
        "is-destroy": run.destroy,
        "message": run.message,
        "permissions": {
            "can-apply": allowed,
            "can-cancel": True,
            "can-comment": True,
            "can-discard": allowed,
            "can-force-execute": allowed,
            "can-force-cancel": True,
            "can-override-policy-check": allowed,
        },
        "plan-only": run.configuration.speculative,
        "refresh": True,
        "refresh-only": False,
        "replace-addrs": None,
        "source": "tfe-api",
        "status": run.shown,
        "status-timestamps": {
            f"{name.replace('_', '-')}-at": moment(at) for name, at in run.times.items() if name != "pending"
        },
        "target-addrs": None,
        "trigger-reason": "manual",
        "variables": [],
    }
    checks = [{"type": "policy-checks", "id": f"polchk-{own}"}] if "policy_checking" in run.times else []
    related = {
        "workspace": _one("workspaces", run.workspace_id),
        "configuration-version": _one("configuration-versions", run.configuration.id),
        "plan": _one("plans", f"plan-{own}"),
        "apply": _one("applies", f"apply-{own}"),
        "policy-checks": {"data": checks},
    }
    return _resource("runs", run.id, attributes, related, f"{API}/runs/{run.id}")


def half_of(run: Run, kind: str, log_url: str) -> dict[str, Any]:
    """The plan or the apply of a run (kind: `plan`, `apply`)."""
    half_id = f"{kind}-{run.id.removeprefix('run-')}"
    attributes: dict[str, Any] = {
        "execution-details": {"mode": "remote"},
        "status": _half_status(run, kind),
        "status-timestamps": {},
        "log-read-url": log_url,
        "resource-additions": 0,
        "resource-changes": 0,
        "resource-destructions": 0,
    }
    attributes |= {"has-changes": run.changes} if kind == "plan" else {}
    plural = {"plan": "plans", "apply": "applies"}[kind]
    return _resource(plural, half_id, attributes, {"state-versions": {"data": []}}, f"{API}/{plural}/{half_id}")


def policy_check_of(run: Run) -> dict[str, Any]:
    """The policy check of a run."""
    check_id = f"polchk-{run.id.removeprefix('run-')}"
    overridden = run.plot["policy"]["result"] == "override" and run.status != "policy_override"
    attributes: dict[str, Any] = {
        "scope": "organization",
        "status": "overridden" if overridden else "soft_failed",
        "result": {},
    }
    return _resource("policy-checks", check_id, attributes, {}, f"{API}/policy-checks/{check_id}")


def state_of(version: StateVersion, now: float) -> dict[str, Any]:
    """A state; what it holds is not known before it was read."""
    read = now >= version.read
    attributes: dict[str, Any] = {
        "created-at": moment(version.created),
        "size": len(version.state.raw),
        "status": "finalized",
        "serial": version.serial,
        "state-version": 4,
        "terraform-version": "1.13.0",
        "resources-processed": read,
        "resources": [dict(one) for one in version.state.resources] if read else [],
        "modules": {},
        "providers": {},
        "vcs-commit-sha": None,
        "vcs-commit-url": None,
    }
    related = {
        "run": _one("runs", version.run_id),
        "outputs": {"data": [{"id": one, "type": "state-version-outputs"} for one in version.outputs] if read else []},
    }
    return _resource("state-versions", version.id, attributes, related, f"{API}/state-versions/{version.id}")


def output_of(version: StateVersion, output_id: str, *, whole: bool) -> dict[str, Any]:
    """An output. whole: with its value even if it is sensitive."""
    name = version.outputs[output_id]
    output = version.state.outputs[name]
    attributes = {
        "name": name,
        "sensitive": output["sensitive"],
        "type": output["type"],
        "value": output["value"] if whole or not output["sensitive"] else None,
        "detailed-type": output["type"],
    }
    return _resource("state-version-outputs", output_id, attributes, {}, f"{API}/state-version-outputs/{output_id}")


def page_of(items: Sequence[Any], number: int, size: int, address: str) -> tuple[Sequence[Any], dict[str, Any]]:
    """One page of a list, and what stands beside its data."""
    pages = max(1, -(-len(items) // size))
    following = number + 1 if number < pages else None
    before = number - 1 if number > 1 else None
    counts = {"current-page": number, "page-size": size, "prev-page": before, "next-page": following}
    meta = {"pagination": counts | {"total-pages": pages, "total-count": len(items)}}
    return items[(number - 1) * size : number * size], {"links": {"self": address}, "meta": meta}


def moment(seconds: float) -> str:
    """A time as HCP Terraform writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _half_status(run: Run, kind: str) -> str:
    doing, log = {"plan": ("planning", "plan"), "apply": ("applying", "apply")}[kind]
    if run.status == doing:
        return "running"
    if run.status == "errored" and (kind == "apply") == ("applying" in run.times):
        return "errored"
    if log in run.logs:
        return "finished"
    return "unreachable" if run.ended else "pending"


def _one(kind: str, identity: str | None) -> dict[str, Any]:
    return {"data": {"type": kind, "id": identity} if identity else None}


def _resource(
    kind: str,
    identity: str,
    attributes: Mapping[str, Any],
    related: Mapping[str, Any],
    link: str,
    pages: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    links = {"self": link, **(pages or {})}
    return {"id": identity, "type": kind, "attributes": dict(attributes), "relationships": dict(related), "links": links}
