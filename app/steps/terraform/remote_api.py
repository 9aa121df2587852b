"""The API of HCP Terraform and Terraform Enterprise, as far as the step needs it. Each answer is checked, each failure judged.

JSON:API over `/api/v2`, as HashiCorp documents it. Archives and logs lie at another host, behind links that are secrets
themselves: they are called without the token, and neither logged nor kept.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ConfigDict, ValidationError

from app.outbound import Outbound, OutboundFailed, OutboundRefused, Reply
from app.steps.parts import retry_after
from app.steps.terraform.remote_shapes import Configuration, Output, Run, StateVersion, Upload, Variable, Workspace

MEDIA_TYPE = "application/vnd.api+json"
CALL_SECONDS = 15.0
TRANSFER_SECONDS = 60.0
MAX_LOG_BYTES = 8 * 1024 * 1024
MAX_OUTPUT_BYTES = 4 * 1024 * 1024
PAGE = 50
"""A run is described in some 3 KB."""
MAX_RUNS = 200
"""How far back runs are looked at. Ours are the newest: a workspace has one state, and its runs come one after the other."""
TERRAFORM = "terraform"
"""The category of a variable that is none of the environment."""

Shape = TypeVar("Shape", bound=BaseModel)


class TfeError(Exception):
    """HCP Terraform did not do what was asked.

    passing: the same call may work later. status: of the answer, None without one. retry_after: the pause it asked for.
    """

    def __init__(
        self, message: str, *, passing: bool = False, status: int | None = None, retry_after: timedelta | None = None
    ) -> None:
        super().__init__(message)
        self.passing = passing
        self.status = status
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Tfe:
    """One organization at one address (`https://app.terraform.io`). Every method raises TfeError."""

    http: Outbound
    address: str
    token: str
    organization: str

    def page_of(self, workspace: str, run_id: str) -> str:
        """Where people see a run."""
        return f"{self.address}/app/{_part(self.organization)}/workspaces/{_part(workspace)}/runs/{_part(run_id)}"

    def workspace(self, name: str) -> Workspace | None:
        """The workspace of this name; None when there is none, or none that the token may see."""
        found = self._find(f"/organizations/{_part(self.organization)}/workspaces/{_part(name)}")
        return _resource(Workspace, found) if found is not None else None

    def create_workspace(self, name: str, description: str) -> Workspace:
        """A new workspace whose runs wait for a confirmation."""
        attributes = {"name": name, "description": description, "auto-apply": False, "source-name": "Stratus"}
        document = _document("workspaces", attributes)
        return _resource(Workspace, self._data("POST", f"/organizations/{_part(self.organization)}/workspaces", document))

    def runs(self, workspace_id: str) -> Iterator[Run]:
        """The newest runs of a workspace, the newest first."""
        for number in range(1, MAX_RUNS // PAGE + 1):
            query = urlencode({"page[number]": number, "page[size]": PAGE})
            page = self._list(f"/workspaces/{_part(workspace_id)}/runs?{query}")
            yield from (_resource(Run, one) for one in page)
            if len(page) < PAGE:
                return

    def create_configuration(self, workspace_id: str) -> Upload:
        """A configuration that still has to be uploaded, and by itself starts no run."""
        document = _document("configuration-versions", {"auto-queue-runs": False})
        return _resource(Upload, self._data("POST", f"/workspaces/{_part(workspace_id)}/configuration-versions", document))

    def upload(self, url: str, archive: bytes) -> None:
        """Bring a gzipped tar to the link of a configuration."""
        headers = {"Content-Type": "application/octet-stream"}
        reply = self._exchange("PUT", url, headers, archive, timeout=TRANSFER_SECONDS)
        if reply.status not in (200, 201, 204):
            raise _stored(reply, "configurations")

    def configuration(self, configuration_id: str) -> Configuration:
        """Whether an uploaded configuration can be used yet."""
        return _resource(Configuration, self._data("GET", f"/configuration-versions/{_part(configuration_id)}"))

    def variables(self, workspace_id: str) -> dict[str, str]:
        """The ids of a workspace's Terraform variables, by name."""
        found = (_resource(Variable, one) for one in self._list(f"/workspaces/{_part(workspace_id)}/vars"))
        return {one.key: one.id for one in found if one.category == TERRAFORM}

    def set_variable(self, workspace_id: str, variable_id: str | None, key: str, value: str) -> None:
        """Create or change a variable. It is a literal text, never HCL, and nobody can read it there again."""
        attributes = {"key": key, "value": value, "category": TERRAFORM, "hcl": False, "sensitive": True}
        path = f"/workspaces/{_part(workspace_id)}/vars"
        if variable_id is None:
            self._data("POST", path, _document("vars", attributes))
        else:
            self._data("PATCH", f"{path}/{_part(variable_id)}", _document("vars", attributes, id=variable_id))

    def create_run(self, workspace_id: str, configuration_id: str, message: str, *, destroy: bool) -> Run:
        """Queue a run that plans and then waits for a confirmation."""
        attributes = {"message": message, "is-destroy": destroy, "auto-apply": False}
        related = {
            "workspace": {"data": {"type": "workspaces", "id": workspace_id}},
            "configuration-version": {"data": {"type": "configuration-versions", "id": configuration_id}},
        }
        return _resource(Run, self._data("POST", "/runs", _document("runs", attributes, relationships=related)))

    def run(self, run_id: str) -> Run:
        """How a run stands."""
        return _resource(Run, self._data("GET", f"/runs/{_part(run_id)}"))

    def act(self, run_id: str, action: str, comment: str) -> bool:
        """Ask for `apply`, `discard` or `cancel`; False when the run is not where that can be done (any more)."""
        reply = self._call("POST", f"/runs/{_part(run_id)}/actions/{action}", {"comment": comment})
        if reply.status == 409:
            return False
        if reply.status not in (200, 202, 204):
            raise _refusal(reply)
        return True

    def log(self, kind: str, log_id: str) -> bytes:
        """The log of a plan or an apply (kind: `plans`, `applies`); empty when it has none."""
        attributes = self._data("GET", f"/{kind}/{_part(log_id)}").get("attributes") or {}
        url = attributes.get("log-read-url")
        if not url:
            return b""
        reply = self._exchange("GET", str(url), {}, None, timeout=TRANSFER_SECONDS, max_bytes=MAX_LOG_BYTES)
        if reply.status != 200:
            raise _stored(reply, "logs")
        return reply.body

    def lost_its_state(self, apply_id: str) -> bool:
        """Whether an apply ended with a state that could not be saved: it lies aside then, for a person to bring back."""
        reply = self._call("GET", f"/applies/{_part(apply_id)}/errored-state")
        if reply.status != 404 and reply.status >= 400:
            raise _refusal(reply)
        return reply.status != 404

    def current_state(self, workspace_id: str) -> StateVersion | None:
        """The state of a workspace as it is now; None when nothing was ever built there."""
        found = self._find(f"/workspaces/{_part(workspace_id)}/current-state-version")
        return _resource(StateVersion, found) if found is not None else None

    def outputs(self, state_id: str) -> dict[str, Any]:
        """The outputs of a state. Lists leave the values of sensitive ones out; those are read one by one."""
        found = [_resource(Output, one) for one in self._list(f"/state-versions/{_part(state_id)}/outputs?page%5Bsize%5D=100")]
        return {one.name: self._output(one) for one in found}

    def _output(self, listed: Output) -> Any:
        if not listed.sensitive or listed.value is not None:
            return listed.value
        return _resource(Output, self._data("GET", f"/state-version-outputs/{_part(listed.id)}")).value

    def _find(self, path: str) -> Mapping[str, Any] | None:
        reply = self._call("GET", path)
        return None if reply.status == 404 else _data(reply, Mapping)

    def _data(self, method: str, path: str, document: Any = None) -> Mapping[str, Any]:
        found: Mapping[str, Any] = _data(self._call(method, path, document), Mapping)
        return found

    def _list(self, path: str) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = _data(self._call("GET", path), list)
        return found

    def _call(self, method: str, path: str, document: Any = None) -> Reply:
        headers = {"Accept": MEDIA_TYPE, "Authorization": f"Bearer {self.token}"}
        if document is not None:
            headers["Content-Type"] = MEDIA_TYPE
        url = f"{self.address}/api/v2{path}"
        return self._exchange(method, url, headers, document, timeout=CALL_SECONDS, max_bytes=MAX_OUTPUT_BYTES)

    def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], content: Any, *, timeout: float, max_bytes: int = 65536
    ) -> Reply:
        sent = {"body": content} if isinstance(content, bytes) else {"json": content}
        try:
            return self.http.request(method, url, headers=headers, timeout=timeout, max_bytes=max_bytes, **sent)
        except OutboundRefused as error:
            raise TfeError(str(error)) from error
        except OutboundFailed as error:
            raise TfeError(str(error), passing=True, status=error.status) from error


def _document(kind: str, attributes: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"data": {"type": kind, "attributes": dict(attributes), **more}}


def _data(reply: Reply, kind: type) -> Any:
    """The primary data of an answer that must be a success."""
    if not 200 <= reply.status < 300:
        raise _refusal(reply)
    try:
        data = reply.json()["data"]
    except (ValueError, TypeError, KeyError) as error:
        raise _not_understood(reply.status) from error
    if not isinstance(data, kind):
        raise _not_understood(reply.status)
    return data


def _resource(shape: type[Shape], data: Mapping[str, Any]) -> Shape:
    """A resource object, its attributes and the ids that it is related to as one."""
    try:
        related = {name: one.get("data") for name, one in (data.get("relationships") or {}).items() if isinstance(one, Mapping)}
        ids = {name: one["id"] for name, one in related.items() if isinstance(one, Mapping)}
        return shape.model_validate({**ids, **(data.get("attributes") or {}), "id": data["id"]})
    except (ValidationError, AttributeError, KeyError, TypeError) as error:
        raise _not_understood(None) from error


def _not_understood(status: int | None) -> TfeError:
    return TfeError("HCP Terraform answered with a document that cannot be understood", passing=True, status=status or 200)


class _Problem(BaseModel):
    """One JSON:API error object."""

    model_config = ConfigDict(extra="ignore")

    title: str = ""
    detail: str = ""


def _refusal(reply: Reply) -> TfeError:
    """An answer that is no success, judged. 429 and 5xx pass; HCP Terraform says 404 where something may not be seen."""
    said = _said(reply)
    return _judged(reply, f"HCP Terraform answered {reply.status}" + (f": {said}" if said else ""))


def _stored(reply: Reply, what: str) -> TfeError:
    """The same of the other host, whose answers are not shown: they may quote the link."""
    return _judged(reply, f"the store of {what} answered {reply.status}")


def _judged(reply: Reply, message: str) -> TfeError:
    passing = reply.status == 429 or reply.status >= 500
    return TfeError(message, passing=passing, status=reply.status, retry_after=retry_after(reply.headers))


def _said(reply: Reply) -> str:
    try:
        problems = [_Problem.model_validate(one) for one in reply.json()["errors"]]
    except (ValueError, TypeError, KeyError):  # a proxy's page, say
        return ""
    return "; ".join(text for one in problems if (text := one.detail or one.title))[:500]


def _part(value: str) -> str:
    """One segment of a path, whatever is in it."""
    return quote(value, safe="")
