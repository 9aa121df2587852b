"""GitHub's REST API, as far as the step needs it: dispatch, runs, artifacts. Every answer is checked, every failure judged.

Source: GitHub's own OpenAPI description (a subset is in `tests/contracts/`), API version 2022-11-28.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlencode, urljoin

from pydantic import BaseModel

from app.outbound import Outbound, OutboundFailed, OutboundRefused, Reply
from app.steps.parts import LONGEST_RETRY_AFTER, retry_after

API_VERSION = "2022-11-28"
CALL_SECONDS = 15.0
RUNS_A_PAGE = 30
"""A run is described in some 12 KB, its repository included: a hundred would not fit into a reply's 1 MiB."""
MAX_RUNS = 1000
"""What GitHub lists of a filtered search at most."""
MAX_ARTIFACTS = 100
SECONDARY_LIMIT_PAUSE = timedelta(minutes=1)
"""What GitHub asks for when it names no time itself."""

Shape = TypeVar("Shape", bound=BaseModel)


class GitHubError(Exception):
    """GitHub did not do what was asked.

    passing: the same call may work later. maybe_taken: nobody can tell whether it took effect. retry_after: the pause GitHub
    asked for. status: of the answer, None without one.
    """

    def __init__(
        self,
        message: str,
        *,
        passing: bool = False,
        maybe_taken: bool = False,
        retry_after: timedelta | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.passing = passing
        self.maybe_taken = maybe_taken
        self.retry_after = retry_after
        self.status = status


class Run(BaseModel):
    """A workflow run. `conclusion` is None until `status` is `completed`; re-running raises `run_attempt`."""

    id: int
    html_url: str
    display_title: str = ""
    status: str | None = None
    conclusion: str | None = None
    run_attempt: int = 1

    @property
    def failed(self) -> bool:
        """Ended, and not well."""
        return self.status == "completed" and self.conclusion != "success"


class Artifact(BaseModel):
    """Files that a run left behind, as one zip archive."""

    id: int
    name: str
    size_in_bytes: int = 0
    expired: bool = False


class _Dispatched(BaseModel):
    workflow_run_id: int
    html_url: str


class _Runs(BaseModel):
    workflow_runs: list[Run]


class _Artifacts(BaseModel):
    artifacts: list[Artifact]


@dataclass(frozen=True, slots=True)
class GitHub:
    """One repository (`owner/name`) at one API. Every method raises GitHubError."""

    http: Outbound
    base_url: str
    token: str
    repository: str

    def dispatch(self, workflow_id: str | int, ref: str, inputs: Mapping[str, Any]) -> Run | None:
        """Start a run; None when this GitHub does not tell which one it started (204: GitHub Enterprise Server)."""
        body = {"ref": ref, "inputs": dict(inputs), "return_run_details": True}
        reply = self._call("POST", f"/actions/workflows/{_part(workflow_id)}/dispatches", json=body, expected=(200, 204))
        if reply.status == 204:
            return None
        told = _checked(_Dispatched, reply)
        return Run(id=told.workflow_run_id, html_url=told.html_url)

    def dispatched_runs(self, workflow_id: str | int, since: datetime) -> Iterator[Run]:
        """The workflow's runs that a dispatch started since then, newest first."""
        query = {"event": "workflow_dispatch", "created": f">={since:%Y-%m-%dT%H:%M:%SZ}", "per_page": RUNS_A_PAGE}
        for page in range(1, MAX_RUNS // RUNS_A_PAGE + 1):
            path = f"/actions/workflows/{_part(workflow_id)}/runs?{urlencode(query | {'page': page})}"
            runs = _checked(_Runs, self._call("GET", path)).workflow_runs
            yield from runs
            if len(runs) < RUNS_A_PAGE:
                return

    def run(self, run_id: int) -> Run:
        """How a run stands."""
        return _checked(Run, self._call("GET", f"/actions/runs/{run_id}"))

    def cancel(self, run_id: int) -> bool:
        """Ask for a run to be cancelled, which takes a while; False when it has ended already."""
        return self._call("POST", f"/actions/runs/{run_id}/cancel", expected=(202, 409)).status == 202

    def artifacts(self, run_id: int) -> list[Artifact]:
        """What a run left behind, the newest first: a re-run may leave a name twice."""
        reply = self._call("GET", f"/actions/runs/{run_id}/artifacts?per_page={MAX_ARTIFACTS}")
        return sorted(_checked(_Artifacts, reply).artifacts, key=lambda artifact: artifact.id, reverse=True)

    def archive(self, artifact_id: int) -> bytes:
        """An artifact's zip archive. GitHub sends us to its storage; the token stays behind (the link is signed itself)."""
        reply = self._call("GET", f"/actions/artifacts/{artifact_id}/zip", expected=(302,))
        stored = self._exchange("GET", urljoin(f"{self.base_url}/", reply.headers.get("location", "")), {})
        if stored.status != 200:
            raise _refusal(stored)
        return stored.body

    def _call(self, method: str, path: str, *, json: Any = None, expected: tuple[int, ...] = (200,)) -> Reply:
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self.token}",
            "X-GitHub-Api-Version": API_VERSION,
        }
        reply = self._exchange(method, f"{self.base_url}/repos/{self.repository}{path}", headers, json)
        if reply.status not in expected:
            raise _refusal(reply)
        return reply

    def _exchange(self, method: str, url: str, headers: Mapping[str, str], json: Any = None) -> Reply:
        try:
            return self.http.request(method, url, headers=headers, json=json, timeout=CALL_SECONDS)
        except OutboundRefused as error:
            raise GitHubError(str(error)) from error
        except OutboundFailed as error:
            raise GitHubError(str(error), passing=True, maybe_taken=error.sent, status=error.status) from error


class _Problem(BaseModel):
    message: str = ""

    @classmethod
    def of(cls, reply: Reply) -> Self:
        try:
            return cls.model_validate(reply.json())
        except ValueError:
            return cls()


def _refusal(reply: Reply) -> GitHubError:
    """An answer that is not the expected one, judged. Rate limits come as 403 or 429 and mean: not taken, later."""
    said = _Problem.of(reply).message[:500]
    message = f"GitHub answered {reply.status}" + (f": {said}" if said else "")
    pause = _limit(reply, said)
    if pause is not None:
        return GitHubError(message, passing=True, retry_after=pause, status=reply.status)
    broken = reply.status >= 500
    return GitHubError(message, passing=broken, maybe_taken=broken, status=reply.status, retry_after=retry_after(reply.headers))


def _limit(reply: Reply, said: str) -> timedelta | None:
    """How long a rate limit asks us to wait; None when this is no rate limit. A plain 403 is a missing permission."""
    spent = reply.headers.get("x-ratelimit-remaining") == "0"
    asked = retry_after(reply.headers)
    if reply.status != 429 and not (reply.status == 403 and (spent or asked is not None or "rate limit" in said.lower())):
        return None
    if asked is not None:
        return asked
    return _until_reset(reply.headers.get("x-ratelimit-reset", "")) if spent else SECONDARY_LIMIT_PAUSE


def _until_reset(text: str) -> timedelta:
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        return SECONDARY_LIMIT_PAUSE
    left = datetime.fromtimestamp(int(text), UTC) - datetime.now(UTC)
    return min(max(left, timedelta(seconds=1)), LONGEST_RETRY_AFTER)


def _checked(shape: type[Shape], reply: Reply) -> Shape:
    try:
        return shape.model_validate(reply.json())
    except ValueError as error:  # no JSON, or not of this shape: a proxy's page, say
        message = f"GitHub answered {reply.status} with a body that cannot be understood"
        raise GitHubError(message, passing=True, maybe_taken=True, status=reply.status) from error


def _part(value: str | int) -> str:
    """One segment of a path, whatever is in it."""
    return quote(str(value), safe="")
