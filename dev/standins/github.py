"""Stand-in of GitHub Actions: dispatch, runs, artifacts, as GitHub describes them, over workflows of a small table.

Behaviours of the next dispatches: `fail {conclusion}`, `lose` (204, and no run ever appears), `drop` (the run is made, the
connection is cut before the answer), `delay {seconds}`, `duplicate` (two runs), `answer_204` (the run is made, the answer
names none), `rate_limit {status, retry_after}` (nothing is made). `GET /_log` lists every dispatch that came.
"""

import argparse
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from flask import Blueprint, Flask, Response, abort, jsonify, redirect, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from dev.standins.behaviours import Behaviours, controls
from dev.standins.github_runs import WORKFLOWS, Run, Runs, Workflow
from dev.standins.github_shapes import artifact_of, run_of
from dev.standins.serving import hang_up, serve

KNOWN: dict[str, dict[str, Any]] = {
    "fail": {"conclusion": "failure"},
    "lose": {},
    "drop": {},
    "delay": {"seconds": 5.0},
    "duplicate": {},
    "answer_204": {},
    "rate_limit": {"status": 403, "retry_after": 1},
}
LINK_SECONDS = 60.0
MAX_INPUTS = 25
RUN_PATH = "/repos/<owner>/<repo>/actions/runs/<int:run_id>"
WORKFLOW_PATH = "/repos/<owner>/<repo>/actions/workflows/<workflow_id>"


class Actions:
    """Everything the stand-in knows."""

    def __init__(self, run_seconds: float, storage_host: str, store: Path | None) -> None:
        self.run_seconds = run_seconds
        self.storage_host = storage_host
        self.runs = Runs(store)
        self.behaviours = Behaviours(KNOWN)
        self._links: dict[str, tuple[Run, float]] = {}
        self._dispatches: list[dict[str, Any]] = []
        self._lock = Lock()

    def link(self, run: Run) -> str:
        """A signed link to a run's archive on another host name: whoever brings a token there does it wrong."""
        signature, port = secrets.token_urlsafe(16), request.environ["SERVER_PORT"]
        with self._lock:
            self._links[signature] = (run, time.time() + LINK_SECONDS)
        return f"http://{self.storage_host}:{port}/_storage/{signature}"

    def linked(self, signature: str) -> Run | None:
        """The run of a link that still holds."""
        with self._lock:
            run, until = self._links.get(signature, (None, 0.0))
        return run if time.time() < until else None

    def note(self, workflow: str, inputs: Mapping[str, str], run_ids: list[int]) -> None:
        """Log a dispatch that was taken."""
        with self._lock:
            self._dispatches.append({"workflow": workflow, "inputs": dict(inputs), "run_ids": run_ids, "at": time.time()})

    def dispatches(self) -> list[dict[str, Any]]:
        """Every dispatch that was taken, in order."""
        with self._lock:
            return list(self._dispatches)


def create_app(*, run_seconds: float = 1.0, storage_host: str = "localhost", store: Path | None = None) -> Flask:
    """The stand-in as a Flask application. store: a JSON file in which runs outlive the process."""
    app = Flask(__name__)
    actions = Actions(run_seconds, storage_host, store)
    app.register_blueprint(controls(actions.behaviours))
    app.register_blueprint(_dispatching(actions))
    app.register_blueprint(_runs(actions))
    app.register_blueprint(_storage(actions))
    app.register_error_handler(HTTPException, _problem)

    @app.before_request
    def sign_in() -> Response | None:
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        return _refusal(401, "Requires authentication") if request.path.startswith("/repos/") and not bearer else None

    return app


def _dispatching(actions: Actions) -> Blueprint:
    blueprint = Blueprint("dispatching", __name__)

    @blueprint.post(f"{WORKFLOW_PATH}/dispatches")
    def dispatch(owner: str, repo: str, workflow_id: str) -> Response:
        workflow = WORKFLOWS.get(workflow_id) or abort(404, "Not Found")
        shown = actions.behaviours.take()
        if "rate_limit" in shown:
            return _rate_limited(shown["rate_limit"])
        body = request.get_json()
        inputs = body.get("inputs", {})
        if fault := _fault(workflow, body, inputs):
            return _refusal(422, fault)
        runs = _started(actions, f"{owner}/{repo}", workflow_id, body["ref"], inputs, shown)
        actions.note(workflow_id, inputs, [run.id for run in runs])
        if "drop" in shown:
            hang_up()
        told = body.get("return_run_details") and runs and "answer_204" not in shown
        return _details(runs[0]) if told else Response(status=204)

    @blueprint.get("/_log")
    def log() -> Response:
        return jsonify(dispatches=actions.dispatches())

    return blueprint


def _runs(actions: Actions) -> Blueprint:
    blueprint = Blueprint("runs", __name__)

    def found(owner: str, repo: str, run_id: int) -> Run:
        return actions.runs.find(f"{owner}/{repo}", run_id) or abort(404, "Not Found")

    @blueprint.get(f"{WORKFLOW_PATH}/runs")
    def of_workflow(owner: str, repo: str, workflow_id: str) -> Response:
        if workflow_id not in WORKFLOWS:
            abort(404, "Not Found")
        since = _since(request.args.get("created", ""))
        runs = [run for run in actions.runs.of_workflow(f"{owner}/{repo}", workflow_id) if int(run.created) >= since]
        if request.args.get("event", "workflow_dispatch") != "workflow_dispatch":
            runs = []
        size, page = min(request.args.get("per_page", 30, int), 100), request.args.get("page", 1, int)
        shown = runs[(page - 1) * size : page * size]
        return jsonify(total_count=len(runs), workflow_runs=[run_of(run, _base(), time.time()) for run in shown])

    @blueprint.get(RUN_PATH)
    def one(owner: str, repo: str, run_id: int) -> Response:
        return jsonify(run_of(found(owner, repo, run_id), _base(), time.time()))

    @blueprint.get(f"{RUN_PATH}/artifacts")
    def artifacts(owner: str, repo: str, run_id: int) -> Response:
        run, now = found(owner, repo, run_id), time.time()
        left = [artifact_of(run, _base(), now)] if run.conclusion(now) == "success" else []
        return jsonify(total_count=len(left), artifacts=left)

    @blueprint.post(f"{RUN_PATH}/cancel")
    def cancel(owner: str, repo: str, run_id: int) -> tuple[Response, int] | Response:
        run, now = found(owner, repo, run_id), time.time()
        if run.status(now) == "completed":
            return _refusal(409, "Cannot cancel a workflow run that is completed.")
        actions.runs.cancel(run, now)
        return jsonify({}), 202

    @blueprint.get("/<owner>/<repo>/actions/runs/<int:run_id>")
    def page(owner: str, repo: str, run_id: int) -> Response:
        """What people see who follow the link of a run."""
        run, now = found(owner, repo, run_id), time.time()
        text = f"{run.title}\n{run.workflow} at {run.ref}, run {run.number}\n{run.status(now)} {run.conclusion(now) or ''}\n"
        return Response(text, mimetype="text/plain")

    return blueprint


def _storage(actions: Actions) -> Blueprint:
    """Where archives lie: another host name, whose links are signed."""
    blueprint = Blueprint("storage", __name__)

    @blueprint.get("/repos/<owner>/<repo>/actions/artifacts/<int:artifact_id>/zip")
    def archive(owner: str, repo: str, artifact_id: int) -> AnyResponse:
        run = actions.runs.find(f"{owner}/{repo}", artifact_id)
        if run is None or run.conclusion(time.time()) != "success":
            abort(404, "Not Found")
        return redirect(actions.link(run), 302)

    @blueprint.get("/_storage/<signature>")
    def content(signature: str) -> Response:
        if "Authorization" in request.headers:
            abort(400, "This link is signed; an Authorization header has no place here.")
        run = actions.linked(signature) or abort(403, "The link is not valid, or not any more.")
        return Response(run.archive(), mimetype="application/zip")

    return blueprint


def _started(
    actions: Actions, repository: str, workflow: str, ref: str, inputs: dict[str, str], shown: Mapping[str, Mapping[str, Any]]
) -> list[Run]:
    if "lose" in shown:
        return []
    seconds = actions.run_seconds + float(shown.get("delay", {}).get("seconds", 0))
    ending = str(shown.get("fail", {}).get("conclusion", "success"))
    copies = 2 if "duplicate" in shown else 1
    return [actions.runs.start(repository, workflow, ref, inputs, seconds, ending) for _ in range(copies)]


def _fault(workflow: Workflow, body: Mapping[str, Any], inputs: Mapping[str, Any]) -> str | None:
    """What GitHub would find wrong with a dispatch."""
    if not isinstance(body.get("ref"), str) or not isinstance(inputs, dict):
        return 'Invalid request.\n\n"ref" must be a string and "inputs" an object.'
    if len(inputs) > MAX_INPUTS:
        return f"Invalid request.\n\nNo more than {MAX_INPUTS} properties are allowed; {len(inputs)} were supplied."
    if unexpected := sorted(inputs.keys() - workflow.required - workflow.optional):
        return f"Unexpected inputs provided: {unexpected}"
    if missing := sorted(workflow.required - inputs.keys()):
        return f"Required input '{missing[0]}' not provided"
    wrong = sorted(name for name, value in inputs.items() if not isinstance(value, str))
    return f"Invalid value for input '{wrong[0]}'" if wrong else None


def _details(run: Run) -> Response:
    shape = run_of(run, _base(), time.time())
    return jsonify(workflow_run_id=run.id, run_url=shape["url"], html_url=shape["html_url"])


def _rate_limited(options: Mapping[str, Any]) -> Response:
    answer = _refusal(int(options["status"]), "You have exceeded a secondary rate limit. Please wait a few minutes.")
    answer.headers["Retry-After"] = str(options["retry_after"])
    return answer


def _since(created: str) -> float:
    """Seconds of `>=2026-11-24T04:18:22Z`; no filter is 0. Other filters of GitHub's are not spoken here."""
    if not created:
        return 0.0
    if not created.startswith(">="):
        abort(422, f"this stand-in knows only created=>=..., not {created}")
    return datetime.fromisoformat(created[2:]).replace(tzinfo=UTC).timestamp()


def _base() -> str:
    return request.host_url.rstrip("/")


def _refusal(status: int, message: str) -> Response:
    answer = jsonify(message=message, documentation_url="https://docs.github.com/rest", status=str(status))
    answer.status_code = status
    return answer


def _problem(error: HTTPException) -> Response:
    return _refusal(error.code or 500, error.description or error.name)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--run-seconds", type=float, default=1.0)
    parser.add_argument("--storage-host", default="localhost", help="host name of the archives' links; loopback")
    parser.add_argument("--store", type=Path, help="JSON file in which runs outlive the process")
    asked = parser.parse_args()
    serve(create_app(run_seconds=asked.run_seconds, storage_host=asked.storage_host, store=asked.store), asked.port)
