"""Everything that the HCP Terraform stand-in knows, and how its calls find it."""

import time
from typing import Any, NoReturn

from flask import abort, request

from dev.standins.behaviours import Behaviours
from dev.standins.serving import hang_up
from dev.standins.tfe_work import Work
from dev.standins.tfe_world import Configuration, Run, Workspace, World

PLOTS = (
    "slow",
    "fail_plan",
    "fail_apply",
    "lose_state",
    "unchanged",
    "cost_estimate",
    "policy",
    "needs_person",
    "odd_status",
    "drop",
    "lose",
)
"""The behaviours that a run takes with it when it is created."""


class Site:
    """Everything the stand-in knows. storage_host: the name under which archives and logs are kept, on the same port."""

    def __init__(self, behaviours: Behaviours, work: Work, run_seconds: float, storage_host: str, organization: str) -> None:
        self.world = World()
        self.behaviours = behaviours
        self.work = work
        self.run_seconds = run_seconds
        self.storage_host = storage_host
        self.organization = organization

    def link(self, kind: str, what: Any) -> str:
        """A link to the other host name: whoever brings a token there does it wrong."""
        port = request.environ["SERVER_PORT"]
        return f"http://{self.storage_host}:{port}/_archivist/v1/object/{self.world.link(kind, what)}"

    def seconds(self, behaviour: str) -> float:
        """How long something takes that one behaviour makes slow."""
        return float(self.behaviours.take([behaviour]).get(behaviour, {}).get("seconds", 0))

    def workspace(self, workspace_id: str) -> Workspace:
        """A workspace, its runs brought to now. 404 when there is none."""
        found = self.world.workspaces.get(workspace_id) or missing()
        found.advance(time.time())
        return found

    def run(self, run_id: str) -> tuple[Workspace, Run]:
        """A run and its workspace. 404 when there is none."""
        return self.world.run(run_id) or missing()

    def start(self, space: Workspace, configuration: Configuration, message: str, **told: Any) -> Run:
        """A new run, behind those that the workspace has."""
        plot = self.behaviours.take(PLOTS)
        seconds = float(plot.get("slow", {}).get("seconds", self.run_seconds))
        now = time.time()
        run = Run(space.id, configuration, message, seconds=seconds, created=now, plot=plot, **told)
        if "lose" not in plot:
            with space.lock:
                space.runs.append(run)
            self.world.note("run", run)
            space.advance(now)
        if "drop" in plot or "lose" in plot:
            hang_up()
        return run


def missing() -> NoReturn:
    """What is not there, or may not be seen, is not found."""
    abort(404, "")
