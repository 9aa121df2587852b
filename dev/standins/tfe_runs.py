"""Calls of the HCP Terraform stand-in about runs, their plans, applies and policy checks, and about states."""

import time

from flask import Blueprint, Response, abort, request

from dev.standins import tfe_shapes as shapes
from dev.standins.tfe_protocol import answer, attributes_of, flag, listed, refusal, related, text
from dev.standins.tfe_site import Site, missing
from dev.standins.tfe_world import Configuration, StateVersion, Workspace


def runs(site: Site) -> Blueprint:
    """`/runs`, `/workspaces/…/runs`."""
    blueprint = Blueprint("runs", __name__)

    @blueprint.get("/workspaces/<workspace_id>/runs")
    def of_workspace(workspace_id: str) -> Response:
        wanted = request.args.get("search[basic]", "")
        newest = site.workspace(workspace_id).runs[::-1]
        return listed([run for run in newest if wanted in run.message or wanted == run.id], shapes.run_of)

    @blueprint.post("/runs")
    def create() -> Response:
        attributes, workspace_id = attributes_of("runs"), related("workspace", "workspaces")
        space = site.workspace(workspace_id or abort(422, "a run needs a workspace"))
        configuration = _usable(space, related("configuration-version", "configuration-versions"))
        message = text(attributes, "message", "Queued manually via the Terraform Enterprise API")
        destroy, auto = flag(attributes, "is-destroy", False), flag(attributes, "auto-apply", space.auto_apply)
        return answer(shapes.run_of(site.start(space, configuration, message, destroy=destroy, auto_apply=auto)), 201)

    @blueprint.get("/runs/<run_id>")
    def read(run_id: str) -> Response:
        return answer(shapes.run_of(site.run(run_id)[1]))

    @blueprint.post("/runs/<run_id>/actions/<any(apply, discard, cancel, 'force-cancel'):action>")
    def act(run_id: str, action: str) -> Response:
        space, run = site.run(run_id)
        site.world.note(action, run)
        if not space.act(run, action, time.time()):
            return refusal(409, f"{action} is not allowed while the run is {run.status}")
        return Response(status=202)

    return blueprint


def halves(site: Site) -> Blueprint:
    """`/plans/…`, `/applies/…`, `/policy-checks/…`: the parts of a run."""
    blueprint = Blueprint("halves", __name__)

    @blueprint.get("/<any(plans, applies):plural>/<half_id>")
    def half(plural: str, half_id: str) -> Response:
        run = site.run(half_id)[1]
        kind = {"plans": "plan", "applies": "apply"}[plural]
        return answer(shapes.half_of(run, kind, site.link("log", (run, kind))))

    @blueprint.get("/applies/<apply_id>/errored-state")
    def errored_state(apply_id: str) -> Response:
        run = site.run(apply_id)[1]
        if run.status != "errored" or "lose_state" not in run.plot:
            missing()
        return Response(status=307, headers={"Location": site.link("log", (run, "apply"))})

    @blueprint.post("/policy-checks/<check_id>/actions/override")
    def override(check_id: str) -> Response:
        space, run = site.run(check_id)
        if not space.override(run, time.time()):
            return refusal(409, "this policy check needs no override")
        return answer(shapes.policy_check_of(run))

    return blueprint


def states(site: Site) -> Blueprint:
    """`/workspaces/…/current-state-version`, `/state-versions/…`, `/state-version-outputs/…`."""
    blueprint = Blueprint("states", __name__)

    def current(workspace_id: str) -> StateVersion:
        kept = site.workspace(workspace_id).states
        return kept[-1] if kept else missing()

    def outputs(version: StateVersion) -> Response:
        return listed(list(version.outputs), lambda one: shapes.output_of(version, one, whole=False))

    @blueprint.get("/workspaces/<workspace_id>/current-state-version")
    def of_workspace(workspace_id: str) -> Response:
        return answer(shapes.state_of(current(workspace_id), time.time()))

    @blueprint.get("/workspaces/<workspace_id>/current-state-version-outputs")
    def current_outputs(workspace_id: str) -> Response:
        version = current(workspace_id)
        return outputs(version) if time.time() >= version.read else refusal(503, "State version outputs are being processed")

    @blueprint.get("/state-versions/<state_id>")
    def read(state_id: str) -> Response:
        return answer(shapes.state_of(site.world.state(state_id) or missing(), time.time()))

    @blueprint.get("/state-versions/<state_id>/outputs")
    def of_state(state_id: str) -> Response:
        version = site.world.state(state_id) or missing()
        return outputs(version) if time.time() >= version.read else listed([], shapes.output_of)

    @blueprint.get("/state-version-outputs/<output_id>")
    def output(output_id: str) -> Response:
        kept = (version for space in list(site.world.workspaces.values()) for version in space.states)
        version = next((one for one in kept if output_id in one.outputs), None) or missing()
        return answer(shapes.output_of(version, output_id, whole=True))

    return blueprint


def _usable(space: Workspace, configuration_id: str | None) -> Configuration:
    """The configuration of a new run: the named one, else the workspace's newest."""
    now = time.time()
    known = [one for one in space.configurations if configuration_id in (None, one.id)]
    ready = [one for one in known if one.status(now) == "uploaded"]
    return ready[-1] if ready else abort(422, "Configuration version is missing, or not uploaded")
