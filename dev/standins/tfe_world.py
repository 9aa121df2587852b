"""The workspaces of the HCP Terraform stand-in: variables, configurations, runs over time, states.

Nothing happens in the background: `Workspace.advance` brings the runs of a workspace to where the clock says they are, one run
at a time, as a workspace has one state.
"""

import secrets
import string
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

from dev.standins.tfe_work import State, Task, Work, complaint

LETTERS = string.ascii_letters + string.digits
ENDED = frozenset(
    {"applied", "planned_and_finished", "errored", "discarded", "canceled", "force_canceled", "policy_soft_failed"}
)
MOVING: Mapping[str, float] = {
    "pending": 0.0,
    "plan_queued": 0.1,
    "planning": 0.4,
    "cost_estimating": 0.1,
    "policy_checking": 0.1,
    "confirmed": 0.0,
    "apply_queued": 0.1,
    "applying": 0.4,
}
"""The share of a run's seconds that it spends in each status that ends by itself."""
CANCELLING = 0.05
"""The share of a run's seconds that Terraform takes to end when it is interrupted."""


def new_id(prefix: str) -> str:
    """An id as HCP Terraform writes them: `ws-6jrRyVDv1J8zQMB5`."""
    return f"{prefix}-{''.join(secrets.choice(LETTERS) for _ in range(16))}"


@dataclass(slots=True)
class Variable:
    """A variable of a workspace."""

    key: str
    value: str
    category: str
    hcl: bool
    sensitive: bool
    description: str
    id: str = field(default_factory=lambda: new_id("var"))


@dataclass(slots=True)
class Configuration:
    """A configuration. ready: when its upload will have been processed."""

    workspace_id: str
    auto_queue: bool
    speculative: bool
    processing: float
    broken: bool = False
    archive: bytes | None = None
    ready: float | None = None
    id: str = field(default_factory=lambda: new_id("cv"))

    def status(self, now: float) -> str:
        """How far it is."""
        if self.ready is None or now < self.ready:
            return "pending"
        return "errored" if self.broken else "uploaded"


@dataclass(slots=True)
class StateVersion:
    """A state, as an apply left it. read: from when on its outputs and resources are known."""

    state: State
    run_id: str
    serial: int
    created: float
    read: float
    id: str = field(default_factory=lambda: new_id("sv"))
    outputs: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.outputs = {new_id("wsout"): name for name in self.state.outputs}


@dataclass(slots=True)
class Run:
    """One run. plot: what it was told to go through: see the behaviours of `tfe`. times: when it came to each status."""

    workspace_id: str
    configuration: Configuration
    message: str
    destroy: bool
    auto_apply: bool
    seconds: float
    created: float
    plot: Mapping[str, Mapping[str, Any]]
    status: str = "pending"
    changes: bool = False
    cancel_at: float | None = None
    times: dict[str, float] = field(default_factory=dict)
    logs: dict[str, bytes] = field(default_factory=dict)
    id: str = field(default_factory=lambda: new_id("run"))

    def __post_init__(self) -> None:
        self.times = {"pending": self.created}

    @property
    def shown(self) -> str:
        """The status that it tells: perhaps one that nobody knows yet, while it plans."""
        odd = self.plot.get("odd_status")
        return str(odd["status"]) if odd and self.status == "planning" else self.status

    @property
    def ended(self) -> bool:
        """It changes no more."""
        return self.status in ENDED

    @property
    def paused(self) -> bool:
        """It waits for its confirmation: at the last of the stages between plan and apply."""
        return self.status == self._last_stage

    @property
    def may(self) -> dict[str, bool]:
        """Which actions are legal now."""
        waits = self.paused or self.status == "policy_override"
        return {
            "apply": self.paused,
            "discard": waits or self.status == "pending",
            "cancel": self.status in MOVING and self.cancel_at is None,
            "force-cancel": self.cancel_at is not None and not self.ended,
        }

    def move(self, status: str, at: float) -> None:
        """Come to `status`."""
        self.status = status
        self.times[status] = at

    def after_plan(self, at: float) -> None:
        """Go on behind a plan with changes, or behind the stage that has just ended."""
        stages = [("cost_estimating", "cost_estimate"), ("policy_checking", "policy")]
        coming = [status for status, told in stages if told in self.plot and status not in self.times]
        self.move(coming[0], at) if coming else self._come_to_rest(at)

    def _come_to_rest(self, at: float) -> None:
        if self.auto_apply:
            self.move("confirmed", at)

    @property
    def _last_stage(self) -> str:
        if "policy" in self.plot:
            return "policy_checked"
        return "cost_estimated" if "cost_estimate" in self.plot else "planned"


@dataclass(slots=True)
class Workspace:
    """A workspace: its settings, and everything in it, oldest first."""

    organization: str
    name: str
    description: str
    auto_apply: bool
    created: float
    work: Work
    state_seconds: Callable[[], float]
    variables: list[Variable] = field(default_factory=list)
    configurations: list[Configuration] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    states: list[StateVersion] = field(default_factory=list)
    lock: Any = field(default_factory=RLock)
    id: str = field(default_factory=lambda: new_id("ws"))

    def advance(self, now: float) -> None:
        """Bring every run to where it is now. The next one begins when the one before it is over."""
        with self.lock:
            free = 0.0
            for run in self.runs:
                while self._step(run, now, free):
                    pass
                if not run.ended:
                    return
                free = max(free, run.times[run.status])

    def act(self, run: Run, action: str, now: float) -> bool:
        """Apply, discard, cancel or force-cancel; False where that is not legal now."""
        with self.lock:
            self.advance(now)
            if not run.may[action]:
                return False
            if action == "apply":
                run.move("confirmed", now)
            elif action == "cancel" and run.status != "pending":
                run.cancel_at = now + run.seconds * CANCELLING
            else:
                run.move({"cancel": "canceled", "discard": "discarded", "force-cancel": "force_canceled"}[action], now)
            self.advance(now)
            return True

    def override(self, run: Run, now: float) -> bool:
        """A person lets a plan pass that a policy did not; False where none is asked."""
        with self.lock:
            self.advance(now)
            if run.status != "policy_override":
                return False
            run.move("policy_checked", now)
            run.after_plan(now)
            return True

    def _step(self, run: Run, now: float, free: float) -> bool:
        """One move, if its time has come. free: when the run before it was over."""
        if run.status not in MOVING:
            return False
        due = max(run.times[run.status], free) + run.seconds * MOVING[run.status]
        cancelled = run.cancel_at is not None and run.cancel_at <= due
        at = run.cancel_at if cancelled and run.cancel_at is not None else due
        if at > now:
            return False
        if cancelled:
            run.move("canceled", at)
        else:
            self._leave(run, at)
        return True

    def _leave(self, run: Run, at: float) -> None:
        following = {
            "pending": "plan_queued",
            "plan_queued": "planning",
            "confirmed": "apply_queued",
            "apply_queued": "applying",
        }
        if run.status in following:
            run.move(following[run.status], at)
        elif run.status == "planning":
            self._planned(run, at)
        elif run.status == "cost_estimating":
            run.move("cost_estimated", at)
            run.after_plan(at)
        elif run.status == "policy_checking":
            self._checked(run, at)
        else:
            self._applied(run, at)

    def _planned(self, run: Run, at: float) -> None:
        if told := run.plot.get("fail_plan"):
            run.logs["plan"] = complaint(told["summary"], told["detail"])
            run.move("errored", at)
            return
        planned = self.work.plan(self._task(run))
        run.logs["plan"], run.changes = planned.log, planned.changes and "unchanged" not in run.plot
        if not planned.ok:
            run.move("errored", at)
        elif not planned.changes or run.configuration.speculative:
            run.move("planned_and_finished", at)
        else:
            run.move("planned", at)
            run.after_plan(at)

    def _checked(self, run: Run, at: float) -> None:
        result = run.plot["policy"]["result"]
        run.move({"passed": "policy_checked", "soft_failed": "policy_soft_failed", "override": "policy_override"}[result], at)
        if result == "passed":
            run.after_plan(at)

    def _applied(self, run: Run, at: float) -> None:
        if told := run.plot.get("fail_apply"):
            run.logs["apply"] = complaint(told["summary"], told["detail"])
            run.move("errored", at)
            return
        applied = self.work.apply(self._task(run))
        run.logs["apply"] = applied.log
        if "lose_state" in run.plot:
            run.move("errored", at)
            return
        if applied.state is not None:
            read = at + self.state_seconds()
            self.states.append(StateVersion(applied.state, run.id, len(self.states) + 1, at, read))
        run.move("applied" if applied.ok else "errored", at)

    def _task(self, run: Run) -> Task:
        variables = [{"key": one.key, "value": one.value, "category": one.category, "hcl": one.hcl} for one in self.variables]
        state = self.states[-1].state if self.states else None
        return Task(run.configuration.archive or b"", variables, state, run.destroy)


class World:
    """All workspaces, and the links to what lies at the other host."""

    def __init__(self) -> None:
        self.workspaces: dict[str, Workspace] = {}
        self.links: dict[str, tuple[str, Any]] = {}
        self.taken: list[dict[str, Any]] = []
        self.lock = RLock()

    def named(self, organization: str, name: str) -> Workspace | None:
        """A workspace by its name."""
        with self.lock:
            found = (one for one in self.workspaces.values() if (one.organization, one.name) == (organization, name))
            return next(found, None)

    def run(self, run_id: str) -> tuple[Workspace, Run] | None:
        """A run and its workspace, brought to now. The ids of its plan, apply and policy check name the run too."""
        wanted = f"run-{run_id.partition('-')[2]}"
        for workspace in list(self.workspaces.values()):
            for run in workspace.runs:
                if run.id == wanted:
                    workspace.advance(time.time())
                    return workspace, run
        return None

    def configuration(self, configuration_id: str) -> Configuration | None:
        """A configuration."""
        found = (one for space in list(self.workspaces.values()) for one in space.configurations if one.id == configuration_id)
        return next(found, None)

    def state(self, state_id: str) -> StateVersion | None:
        """A state."""
        found = (one for space in list(self.workspaces.values()) for one in space.states if one.id == state_id)
        return next(found, None)

    def link(self, kind: str, what: Any) -> str:
        """A secret that stands for something at the other host."""
        secret = secrets.token_urlsafe(24)
        with self.lock:
            self.links[secret] = (kind, what)
        return secret

    def note(self, what: str, run: Run) -> None:
        """Log what was asked for a run."""
        with self.lock:
            about = {"run": run.id, "workspace": run.workspace_id, "message": run.message, "destroy": run.destroy}
            self.taken.append({"what": what, **about, "at": time.time()})
