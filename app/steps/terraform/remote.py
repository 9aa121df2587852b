"""The second backend of `TerraformFile`: a run of HCP Terraform or Terraform Enterprise, waited for without holding a worker.

Each step of each request has a workspace, that is a state, of its own, unless the template names one. The message of a run
carries our id, so that a run whose creation got no answer is found again. Should two be created all the same, the second one
waits for the first and then finds nothing to do: that is HCP Terraform's own lock, and Terraform's idea.

`handle` of the waits: `{polls, workspace_id, configuration, run_id, status}`, the last two once there is a run; besides, where
it is so, `undo` (a destroy run), `seeking` (a run of ours may exist that we have not seen), `stopped` (we asked it to end) and
`unchanged` (we discarded a plan without changes).
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.core.outcomes import Again, Done, Failed, Indeterminate, Outcome, Waiting
from app.core.step_params import TerraformFileParams
from app.steps.base import StepContext
from app.steps.parts import known_error
from app.steps.terraform import remote_archive, workspace
from app.steps.terraform.remote_api import Tfe, TfeError
from app.steps.terraform.remote_endings import Ending, narrated
from app.steps.terraform.remote_shapes import Run, Workspace
from app.steps.terraform.workspace import WorkspaceError

FIRST_POLL = timedelta(seconds=2)
LONGEST_POLL = timedelta(seconds=30)
POLL_GROWTH = 1.5
PATIENCE = timedelta(minutes=2)
"""How long an address that nobody answers at is tried before a run is under way."""
NO_ACCOUNT = "HCP Terraform is not set up: the operator names {} in the settings."


def run(context: StepContext) -> Outcome:
    """Bring the configuration and the values to the workspace, and create a run."""
    return _attempt(context, {}, _Steering.begin)


def poll(context: StepContext) -> Outcome:
    """See how the run stands; confirm its plan when it waits for that."""
    return _attempt(context, context.handle, _Steering.look)


def probe(context: StepContext) -> Outcome:
    """Look for the run that carries our id."""
    return _attempt(context, {"seeking": True}, _Steering.search)


def stop(context: StepContext) -> Outcome:
    """Cancel a run that works, discard one that waits."""
    return _attempt(context, {**context.handle, "stopped": True}, _Steering.end)


def undo(context: StepContext) -> Outcome:
    """Destroy what the workspace holds, by a run of its own."""
    handle = context.handle if context.handle.get("undo") else {"undo": True}
    return _attempt(context, handle, _Steering.look)


def _attempt(context: StepContext, handle: Mapping[str, Any], what: Callable[["_Steering"], Outcome]) -> Outcome:
    params, settings = context.params, context.settings
    assert isinstance(params, TerraformFileParams)
    organization = params.organization or settings.tfe_organization
    missing = [name for name, value in {"TFE_TOKEN": settings.tfe_token, "TFE_ORGANIZATION": organization}.items() if not value]
    if missing:
        return Failed(NO_ACCOUNT.format(" and ".join(missing)), "tfe_settings", retryable=False)
    if params.workspace and not workspace.WORKSPACE.fullmatch(params.workspace):
        return Failed("`workspace` may hold letters, digits, dashes and underscores", "terraform_module", retryable=False)
    api = Tfe(context.http, settings.tfe_api_url.rstrip("/"), settings.tfe_token, organization)
    steering = _Steering(context, params, api, dict(handle))
    try:
        return what(steering)
    except TfeError as error:
        return steering.troubled(error)
    except WorkspaceError as error:
        return Failed(str(error), "terraform_module", retryable=False)
    except OSError as error:
        return Failed(f"The worker could not prepare the run: {error.strerror}.", "worker_error")


@dataclass(frozen=True, slots=True)
class _Steering:
    """One step's run. `handle` is what is known of it, and grows; the next wait carries it on. Methods raise TfeError."""

    context: StepContext
    params: TerraformFileParams
    api: Tfe
    handle: dict[str, Any]

    def look(self) -> Outcome:
        """How the run stands, or the next step towards having one."""
        if "run_id" not in self.handle:
            return self.begin()
        run = self._read()
        if run.ended:
            return self._judged(run)
        if run.may_be_confirmed:
            self._confirm(run)
        return self.wait()

    def begin(self) -> Outcome:
        """Follow the run that this wish already has, else create one; nothing to destroy is destroyed."""
        found = self._workspace()
        if found is None:
            return Done()
        self.handle["workspace_id"] = found.id
        runs = list(self.api.runs(found.id))
        if any(self._is_strange(one) for one in runs):
            return self._taken()
        ours = [one for one in runs if self._id in (one.message or "")]
        self.handle.pop("seeking", None)
        going_on = next((one for one in ours if not one.ended), None)
        if going_on:
            self.context.log(f"Run {going_on.id} is of this step already; following it.")
            return self._follow(going_on)
        for one in runs:
            if self._is_left_over(one):
                self._ask_to_end(one, f"{self._id} takes its place")
        if self._destroys and self._holds_nothing():
            return Done()
        return self._bring() or self._create([one.id for one in ours])

    def search(self) -> Outcome:
        """The run that a lost attempt may have created."""
        found = self.api.workspace(self._name)
        if found is None:
            return Again("no workspace was created")
        self.handle["workspace_id"] = found.id
        known = self.context.noted.get("known", ())
        ours = (one for one in self.api.runs(found.id) if self._id in (one.message or "") and one.id not in known)
        newest = next(ours, None)
        return self._follow(newest) if newest else Again("no run was created")

    def end(self) -> Outcome:
        """Ask the run to end, in the way that it can be asked now."""
        if "run_id" not in self.handle:
            found = self.search()
            if not isinstance(found, Waiting):
                return found
        run = self._read()
        if run.ended:
            return self._judged(run)
        self._ask_to_end(run, f"{self._id} was cancelled in Stratus")
        return self.wait()

    def troubled(self, error: TfeError) -> Outcome:
        """What a call that did not go well means: patience where it may pass; where a run may go on, never a failure."""
        self.context.log(f"{error}.")
        following = "run_id" in self.handle
        nobody_there = error.status is None and not following and _waited(self._polls + 1) >= PATIENCE
        if error.passing and not nobody_there:
            return self.wait(error.retry_after)
        if following or self.handle.get("seeking") or self.handle.get("stopped"):
            return Indeterminate(self._where() | {"problem": str(error)})
        details: dict[str, Any] = {"status": error.status} if error.status else {}
        details |= known_error(self.context.errors, str(error))
        return Failed(str(error), "tfe_error", details, retryable=error.passing, retry_after=error.retry_after)

    def wait(self, pause: timedelta | None = None) -> Waiting:
        """Look again, later each time."""
        check_after = max(_pause(self._polls), pause or timedelta())
        self.handle["polls"] = self._polls + 1
        return Waiting(self.handle, check_after, self.handle.get("run_id"), self._link)

    def _workspace(self) -> Workspace | None:
        """The step's workspace, created when there is something to build."""
        found = self.api.workspace(self._name)
        if found or self._destroys:
            return found
        self.context.log(f"Creating the workspace {self._name}")
        request, step = self.context.request_id, self.context.step_name
        try:
            return self.api.create_workspace(self._name, f"Built by Stratus: {request}, {step}")
        except TfeError as error:
            found = self.api.workspace(self._name)  # somebody was faster, or an earlier answer got lost
            if found is None:
                raise error from None
            return found

    def _bring(self) -> Outcome | None:
        """See to it that the configuration is there; None when a run can use it."""
        if self.context.module is None:
            return Failed("This step pins no Terraform module.", "terraform_module", retryable=False)
        if "configuration" not in self.handle:
            archive = remote_archive.pack(self.context.workdir, self.context.module, self.params)
            upload = self.api.create_configuration(self.handle["workspace_id"])
            self.api.upload(upload.upload_url, archive)
            self.handle["configuration"] = upload.id
        found = self.api.configuration(self.handle["configuration"])
        if found.status == "errored":
            said = found.error_message or "it does not say why"
            return Failed(f"HCP Terraform cannot read the configuration: {said}", "terraform_module", retryable=False)
        return None if found.status == "uploaded" else self.wait()

    def _create(self, known: list[str]) -> Outcome:
        """Set the variables and create the run. known: earlier runs of this wish; they are not the one that is created now."""
        workspace_id = self.handle["workspace_id"]
        ids = self.api.variables(workspace_id)
        for name, value in remote_archive.texts(self.params).items():
            self.api.set_variable(workspace_id, ids.get(name), name, value)
        if self.context.stopping.is_set():
            return Again("it was stopped before a run was created")
        if not self._destroys and not self.context.note({"workspace": self._name, "known": known}):
            return Again("what a run would have to be found by could not be kept")
        self.handle["seeking"] = True
        what = "undo " if self._destroys else ""
        message = f"Stratus: {what}{self.context.step_name} ({self._id})"
        run = self.api.create_run(workspace_id, self.handle["configuration"], message, destroy=self._destroys)
        self.context.log(f"Created run {run.id} in the workspace {self._name}")
        return self._follow(run)

    def _follow(self, run: Run) -> Waiting:
        self.handle.pop("seeking", None)
        self.handle["run_id"] = run.id
        self._tell(run)
        return self.wait()

    def _read(self) -> Run:
        run = self.api.run(self.handle["run_id"])
        self._tell(run)
        return run

    def _tell(self, run: Run) -> None:
        """Say how the run stands, when it stands otherwise than before; then it is looked at more often again."""
        status = f"HCP Terraform: {run.status.replace('_', ' ')}"
        if run.waits_for_people:
            status += f"; it waits for a person's decision at {self._page}"
        if status != self.handle.get("status"):
            self.handle.update(status=status, polls=0)
            self.context.log(status)

    def _confirm(self, run: Run) -> None:
        """Apply the plan, or discard it when it changes nothing. Another's answer may be faster; the next look shows it."""
        if run.has_changes is False:
            self.handle["unchanged"] = True
            self.api.act(run.id, "discard", f"{self._id}: nothing to change")
        elif self.api.act(run.id, "apply", f"{self._id}: confirmed by Stratus"):
            narrated(self.context, self.api, "plans", run.plan)

    def _ask_to_end(self, run: Run, why: str) -> None:
        if run.actions and (run.actions.is_cancelable or run.actions.is_discardable):
            action = "cancel" if run.actions.is_cancelable else "discard"
            if self.api.act(run.id, action, why):
                self.context.log(f"Asked HCP Terraform to {action} the run {run.id}")

    def _judged(self, run: Run) -> Outcome:
        outcome = Ending(self.context, self.api, run, self.handle, self._where(), self._link).outcome()
        return self.wait() if outcome is None else outcome

    def _is_strange(self, run: Run) -> bool:
        """Whether a run of a workspace that the template names has built something for somebody else."""
        return bool(self.params.workspace) and run.began_to_apply and f"{self._step}." not in (run.message or "")

    def _is_left_over(self, run: Run) -> bool:
        """Whether an earlier attempt of this step gave up on a run that holds the workspace, perhaps for ever."""
        return not run.ended and not run.began_to_apply and f"{self._step}." in (run.message or "")

    def _taken(self) -> Failed:
        told = f"The workspace {self._name} holds what another has built: this step would destroy it. Name one of its own."
        return Failed(told, "workspace_taken", self._where(), retryable=False)

    def _holds_nothing(self) -> bool:
        state = self.api.current_state(self.handle["workspace_id"])
        return state is None or (state.read and state.managed == 0)

    def _where(self) -> dict[str, Any]:
        """What a person needs to find the run."""
        found = {"organization": self.api.organization, "workspace": self._name, "run_id": self.handle.get("run_id")}
        return {name: value for name, value in (found | {"run_url": self._link}).items() if value}

    @property
    def _name(self) -> str:
        return self.params.workspace or f"stratus-{self.context.request_id}-{self.context.step_id}"

    @property
    def _step(self) -> str:
        return f"{self.context.request_id}.{self.context.step_id}"

    @property
    def _id(self) -> str:
        """Our id of this attempt group, or of its undo: readable, and with a digest of fixed length at its end."""
        wish = f"{self.context.idempotency_key}:undo" if self._destroys else self.context.idempotency_key
        return f"{self._step}.{hashlib.sha256(wish.encode()).hexdigest()[:12]}"

    @property
    def _page(self) -> str:
        return self.api.page_of(self._name, self.handle["run_id"])

    @property
    def _link(self) -> str | None:
        return self._page if "run_id" in self.handle else None

    @property
    def _destroys(self) -> bool:
        return bool(self.handle.get("undo"))

    @property
    def _polls(self) -> int:
        return int(self.handle.get("polls", 0))


def _pause(polls: int) -> timedelta:
    """Two seconds, then half as long again each time, thirty at most."""
    return min(FIRST_POLL * POLL_GROWTH ** min(polls, 20), LONGEST_POLL)


def _waited(polls: int) -> timedelta:
    return sum((_pause(number) for number in range(polls)), timedelta())
