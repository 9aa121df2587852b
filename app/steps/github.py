"""Step type `GitHubWorkflow`: dispatch a workflow, find its run, wait without holding a worker, read what it tells us.

Dispatching is not idempotent, so every wish carries an id of ours. A workflow that declares the input `stratus_id` and shows
it (`run-name: Set up monitoring (${{ inputs.stratus_id }})`) can be looked for: before each dispatch, and after one whose
answer got lost or names no run. The catalog says that a workflow takes it by naming `stratus_id` among the `inputs`; its
value there does not matter. Without it an unclear dispatch is `Indeterminate` at once. "The newest run" is never a match.

What a dispatch would have to be found by is noted before it is sent. A run of ours that a probe does not find, however long it
looks, is a person's: GitHub may be late, and a workflow may not show our id (docs/decisions/github.md).

Outputs come from the artifact `stratus-outputs` (see `github_outputs`). Evidence: `{conclusion, artifacts, run_id,
run_attempt}`.
"""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from app.core.outcomes import Again, Done, Failed, Indeterminate, Outcome, Waiting
from app.core.step_params import GitHubWorkflowParams, StepParams
from app.steps.base import StepContext
from app.steps.github_api import Artifact, GitHub, GitHubError, Run
from app.steps.github_outputs import ARTIFACT, MAX_ARCHIVE_BYTES, UnreadableOutputsError, read_outputs
from app.steps.parts import HasNoUndo, declared_outputs, done_or_incomplete, known_error

ID_INPUT = "stratus_id"
NO_ID = f"the workflow takes no input {ID_INPUT}"
FIRST_POLL = timedelta(seconds=2)
LONGEST_POLL = timedelta(seconds=30)
POLL_GROWTH = 1.5
PATIENCE = timedelta(minutes=2)
"""How long a dispatched run may take to appear in GitHub's list before we say that we do not know."""
LOOK_BACK = timedelta(days=1)
"""How far back a run of the same wish may lie; retries of one attempt group come within hours, clocks are minutes wrong."""


class GitHubWorkflow(HasNoUndo):
    """One run of a workflow.

    `handle` of its waits: `{run_id, run_url, polls}` and `cancelled` once GitHub was asked to cancel it, or, while the run is
    looked for, `{seeking, since, known, polls}`; that is noted before a dispatch too (`seeking` is None without an id of ours).
    """

    name: ClassVar[str] = "GitHubWorkflow"
    Params: ClassVar[type[StepParams]] = GitHubWorkflowParams

    def run(self, context: StepContext) -> Outcome:
        """Follow the run that this wish already has, else dispatch one."""
        params, github = _params(context), _github(context)
        wish = _wish(context) if ID_INPUT in params.inputs else None
        since = datetime.now(UTC) - LOOK_BACK
        try:
            ours = _runs_of(github, params, wish, since)
        except GitHubError as error:
            return _not_started(error, context)
        if found := _alive(ours):
            context.log(f"Run {found.id} is of this wish already; following it.")
            return _follow(found)
        if context.stopping.is_set():
            return Again("It was stopped before the workflow was dispatched.")
        # Runs of this wish that failed before are not the one that is dispatched now.
        seeking = {"seeking": wish, "since": since.isoformat(), "known": [run.id for run in ours], "polls": 0}
        if not context.note(seeking):
            return Again("What a dispatch would have to be found by could not be noted, so nothing was dispatched.")
        return _dispatch(context, github, seeking)

    def poll(self, context: StepContext) -> Outcome:
        """See how the run stands, or look for it again."""
        if "run_id" in context.handle:
            return _look(context, _github(context))
        return _seek(context, _github(context))

    def probe(self, context: StepContext) -> Outcome:
        """Look for the run that carries our id; without such an id nobody can tell."""
        if not context.noted:
            return Again("It had not come to the dispatch.")
        if context.noted["seeking"] is None:
            return Indeterminate(_where(_params(context)) | {"hint": NO_ID})
        return _seek(replace(context, handle=context.noted), _github(context))

    def stop(self, context: StepContext) -> Outcome:
        """Ask GitHub to cancel the run, and see how it stands. One that is still looked for is cancelled when it is found."""
        github = _github(context)
        if "run_id" in context.handle and not context.handle.get("cancelled"):
            context = _cancelled(context, github)
        return self.poll(context)


def _dispatch(context: StepContext, github: GitHub, seeking: dict[str, Any]) -> Outcome:
    """seeking: the handle of looking for the run, should GitHub not tell which one it is."""
    params, wish = _params(context), seeking["seeking"]
    inputs = params.inputs | ({ID_INPUT: wish} if wish else {})
    context.log(f"Dispatching {params.workflow_id} of {params.repository} at {params.ref}.")
    try:
        run = github.dispatch(params.workflow_id, params.ref, {name: _text(value) for name, value in inputs.items()})
    except GitHubError as error:
        if not error.maybe_taken:
            return _not_started(error, context)
        problem = str(error)
    else:
        if run is not None:
            return _follow(run)
        problem = "GitHub took the dispatch and did not say which run it started"
    context.log(f"{problem}.")
    if wish is None:
        return Indeterminate(_where(params) | {"problem": problem, "hint": NO_ID})
    return Waiting(seeking, FIRST_POLL)


def _cancelled(context: StepContext, github: GitHub) -> StepContext:
    """The context after GitHub was asked to cancel the run. A run that has ended is none the worse for it."""
    try:
        asked = github.cancel(int(context.handle["run_id"]))
    except GitHubError as error:
        context.log(f"The run could not be cancelled: {error}.")
        return context
    context.log("Asked GitHub to cancel the run." if asked else "The run had ended before it could be cancelled.")
    return replace(context, handle={**context.handle, "cancelled": True, "polls": 0})


def _seek(context: StepContext, github: GitHub) -> Outcome:
    """Look for the run that carries our id. It may take a while to appear; patience is counted in polls, not by a clock."""
    handle, params = context.handle, _params(context)
    wish, known = str(handle["seeking"]), set(handle["known"])
    try:
        ours = _runs_of(github, params, wish, datetime.fromisoformat(handle["since"]))
    except GitHubError as error:
        return _again(error, context)
    new = [run for run in ours if run.id not in known]
    if new:
        if len(new) > 1:
            context.log(f"{len(new)} runs carry {wish}; following the first.")
        return _follow(min(new, key=lambda run: run.id))
    if _waited(int(handle["polls"]) + 1) >= PATIENCE:
        return Indeterminate(_where(params) | {ID_INPUT: wish, "problem": "no run with our id appeared after the dispatch"})
    return _wait_more(context)


def _look(context: StepContext, github: GitHub) -> Outcome:
    try:
        run = github.run(int(context.handle["run_id"]))
        if run.status != "completed":
            return _wait_more(context)
        if run.failed:
            return _failure(run, context)
        return _collect(run, github, context)
    except GitHubError as error:
        return _again(error, context)


def _collect(run: Run, github: GitHub, context: StepContext) -> Outcome:
    """What a run that succeeded left behind."""
    artifacts = github.artifacts(run.id)
    told = next((artifact for artifact in artifacts if artifact.name == ARTIFACT and not artifact.expired), None)
    try:
        found = _told(told, github)
    except UnreadableOutputsError as error:
        details = {"run_url": run.html_url, "artifact": ARTIFACT}
        return Failed(f"the workflow succeeded, but {error}", kind="output_missing", details=details, retryable=False)
    declared = declared_outputs(context.declared, found)
    evidence = {
        "conclusion": run.conclusion,
        "artifacts": sorted({artifact.name for artifact in artifacts}),
        "run_id": run.id,
        "run_attempt": run.run_attempt,
    }
    done = Done({**found, **declared.values}, declared.sensitive, evidence, str(run.id), _link(run))
    return done_or_incomplete(declared, done, f"the artifact {ARTIFACT}")


def _told(artifact: Artifact | None, github: GitHub) -> dict[str, Any]:
    if artifact is None:
        return {}
    if artifact.size_in_bytes > MAX_ARCHIVE_BYTES:
        raise UnreadableOutputsError(f"{ARTIFACT} is larger than {MAX_ARCHIVE_BYTES} bytes")
    return read_outputs(github.archive(artifact.id))


def _failure(run: Run, context: StepContext) -> Failed:
    """A run that ended otherwise than well. Retryable: it is known to be over, a retry dispatches a new one."""
    message = f"the workflow run ended as {run.conclusion}"
    details = {"conclusion": run.conclusion, "run_url": _link(run), "run_id": run.id, "run_attempt": run.run_attempt}
    return Failed(message, kind="workflow_failed", details=details | known_error(context.errors, message))


def _not_started(error: GitHubError, context: StepContext) -> Failed:
    """Nothing was dispatched: GitHub refused, or was not reached before the dispatch."""
    details: dict[str, Any] = {"status": error.status} if error.status else {}
    return Failed(
        str(error),
        kind="github_error",
        details=details | known_error(context.errors, str(error)),
        retryable=error.passing,
        retry_after=error.retry_after,
    )


def _again(error: GitHubError, context: StepContext) -> Outcome:
    """The run goes on whether or not we can see it: look again when that may help, else a person must look."""
    context.log(str(error))
    if error.passing:
        return _wait_more(context, pause=error.retry_after)
    return Indeterminate(_where(_params(context)) | {"problem": str(error)} | dict(context.handle))


def _follow(run: Run) -> Waiting:
    link = _link(run)
    return Waiting({"run_id": run.id, "run_url": link, "polls": 0}, FIRST_POLL, str(run.id), link)


def _wait_more(context: StepContext, pause: timedelta | None = None) -> Waiting:
    handle = {**context.handle, "polls": int(context.handle["polls"]) + 1}
    external_id = str(handle["run_id"]) if "run_id" in handle else None
    return Waiting(handle, max(_pause(handle["polls"]), pause or timedelta()), external_id, handle.get("run_url"))


def _pause(polls: int) -> timedelta:
    """Two seconds, then half as long again each time, thirty at most."""
    return min(FIRST_POLL * POLL_GROWTH ** min(polls, 20), LONGEST_POLL)


def _waited(polls: int) -> timedelta:
    return sum((_pause(number) for number in range(polls)), timedelta())


def _runs_of(github: GitHub, params: GitHubWorkflowParams, wish: str | None, since: datetime) -> list[Run]:
    if wish is None:
        return []
    return [run for run in github.dispatched_runs(params.workflow_id, since) if wish in run.display_title]


def _alive(runs: list[Run]) -> Run | None:
    """The first run that goes on or went well. One that failed is the earlier attempt that a retry is there to follow."""
    return min((run for run in runs if not run.failed), key=lambda run: run.id, default=None)


def _wish(context: StepContext) -> str:
    """Our id of this attempt group: readable, and with a digest of fixed length at its end, so that none begins another."""
    digest = hashlib.sha256(context.idempotency_key.encode()).hexdigest()[:12]
    return f"{context.request_id}.{context.step_id}.{digest}"


def _params(context: StepContext) -> GitHubWorkflowParams:
    assert isinstance(context.params, GitHubWorkflowParams)
    return context.params


def _github(context: StepContext) -> GitHub:
    settings = context.settings
    return GitHub(context.http, settings.github_api_url.rstrip("/"), settings.github_token, _params(context).repository)


def _where(params: GitHubWorkflowParams) -> dict[str, Any]:
    return {"repository": params.repository, "workflow": params.workflow_id, "ref": params.ref}


def _link(run: Run) -> str | None:
    """A link for people only if it is one: it comes from outside."""
    return run.html_url if run.html_url.startswith(("https://", "http://")) else None


def _text(value: str | float | bool) -> str:
    """Inputs are text to GitHub; a boolean input wants `true` or `false`."""
    return str(value).lower() if isinstance(value, bool) else str(value)
