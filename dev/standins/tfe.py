"""Stand-in of HCP Terraform: workspaces, variables, configurations, runs over time, states, as its API pages describe them.

Behaviours of the next calls, whatever they are: `rate_limit {retry_after}`, `fail {status}`. Of the next configurations:
`slow_configuration {seconds}`, `broken_configuration`. Of the next states: `slow_state {seconds}`. Of the next runs: `slow
{seconds}`, `fail_plan {summary, detail}`, `fail_apply {summary, detail}`, `lose_state` (it cannot be saved), `unchanged` (a
plan that waits though it changes nothing), `cost_estimate`, `policy {result}` (`passed`, `soft_failed`, `override`),
`needs_person` (the token may not apply), `odd_status {status}` (while it plans), `drop` (the run is made, the connection is cut
before the answer), `lose` (cut, and no run is made). `GET /_log` lists what was asked for runs, in order.
"""

import argparse
import shlex
import shutil
from typing import Any

from flask import Flask, Response, jsonify, render_template_string, request
from werkzeug.exceptions import HTTPException

from dev import terraform_shim
from dev.standins.behaviours import Behaviours, controls
from dev.standins.serving import serve
from dev.standins.tfe_protocol import MEDIA_TYPE, refusal
from dev.standins.tfe_runs import halves, runs, states
from dev.standins.tfe_shapes import API
from dev.standins.tfe_site import Site, missing
from dev.standins.tfe_work import Pretence, Terraform, Work
from dev.standins.tfe_workspaces import archivist, configurations, variables, workspaces

KNOWN: dict[str, dict[str, Any]] = {
    "rate_limit": {"retry_after": 1},
    "fail": {"status": 503},
    "slow_configuration": {"seconds": 1.0},
    "broken_configuration": {},
    "slow_state": {"seconds": 1.0},
    "slow": {"seconds": 30.0},
    "fail_plan": {"summary": "Invalid value", "detail": "The stand-in was told to refuse this plan."},
    "fail_apply": {"summary": "Error creating resource", "detail": "The stand-in was told to break this apply off."},
    "lose_state": {},
    "unchanged": {},
    "cost_estimate": {},
    "policy": {"result": "passed"},
    "needs_person": {},
    "odd_status": {"status": "warming_up"},
    "drop": {},
    "lose": {},
}
PAGE = "<!doctype html><title>{{ run.id }}</title><h1>{{ run.message }}</h1><p>{{ run.id }} is {{ run.shown }}.</p>"


def create_app(
    *,
    work: Work | None = None,
    run_seconds: float = 2.0,
    storage_host: str = "localhost",
    token: str = "development",  # noqa: S107 - the only one that a stand-in knows
    organization: str = "acme",
) -> Flask:
    """The stand-in as a Flask application. work: what runs do (default: they only pretend)."""
    app = Flask(__name__)
    behaviours = Behaviours(KNOWN)
    site = Site(behaviours, work or Pretence(), run_seconds, storage_host, organization)
    app.register_blueprint(controls(behaviours))
    app.register_blueprint(archivist(site))
    for make in (workspaces, variables, configurations, runs, halves, states):
        app.register_blueprint(make(site), url_prefix=API)
    app.register_error_handler(HTTPException, lambda error: refusal(error.code or 500, error.description or ""))

    @app.before_request
    def admit() -> Response | None:
        return _kept_out(behaviours, token) if request.path.startswith(API) else None

    @app.get("/_log")
    def log() -> Response:
        return jsonify(taken=site.world.taken)

    @app.get("/app/<organization>/workspaces/<name>/runs/<run_id>")
    def page(organization: str, name: str, run_id: str) -> str:
        if site.world.named(organization, name) is None:
            missing()
        return render_template_string(PAGE, run=site.run(run_id)[1])

    return app


def _kept_out(behaviours: Behaviours, token: str) -> Response | None:
    """What is answered before a call is looked at: misbehaviour, a missing token, a document of another kind."""
    shown = behaviours.take(["rate_limit", "fail"])
    if "rate_limit" in shown:
        limited = refusal(429, "You have exceeded the API's rate limit.")
        limited.headers["Retry-After"] = str(shown["rate_limit"]["retry_after"])
        return limited
    if "fail" in shown:
        return refusal(int(shown["fail"]["status"]))
    if request.headers.get("Authorization") != f"Bearer {token}":
        return refusal(401)
    if request.method in ("POST", "PATCH") and request.get_data() and request.mimetype != MEDIA_TYPE:
        return refusal(415, f"documents are {MEDIA_TYPE}")
    return None


def program() -> list[str]:
    """The words that start Terraform on this machine."""
    return shlex.split(terraform_shim.binary()) or [shutil.which("terraform") or "tofu"]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--run-seconds", type=float, default=2.0)
    parser.add_argument("--storage-host", default="localhost", help="host name of the links to archives and logs; loopback")
    parser.add_argument("--organization", default="acme")
    parser.add_argument("--pretend", action="store_true", help="build nothing: runs only say that they did")
    asked = parser.parse_args()
    chosen = Pretence() if asked.pretend else Terraform(program())
    about = {"run_seconds": asked.run_seconds, "storage_host": asked.storage_host, "organization": asked.organization}
    serve(create_app(work=chosen, **about), asked.port)
