"""What holds after every fault. Each invariant is a function of the evidence that yields what breaks it, in words."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from app.core.statuses import (
    REQUEST_ENDED,
    STEP_MOVES,
    STEP_MOVING,
    STEP_SATISFIED,
    TICKET_OPEN,
    RequestStatus,
    StepStatus,
)
from tests.chaos.evidence import Evidence
from tests.chaos.outside import REFUSED, UNDO, Call

Invariant = Callable[[Evidence], Iterator[str]]
RUNS = frozenset({"running", "verifying"})
OUTCOMES = frozenset({"completed", "failed", "indeterminate", "rolled_back"})
HTTP = frozenset({"HttpPost", "HttpPut"})
STEP_EVENTS = frozenset(f"step.{status}" for status in StepStatus)
REQUEST_EVENTS = frozenset(f"request.{status}" for status in RequestStatus)


def accepted_requests_exist(seen: Evidence) -> Iterator[str]:
    """Every order that was answered 2xx is in the database, once."""
    there = Counter(request.request_id for request in seen.requests)
    for order in seen.accepted:
        if there[order.request_id] != 1:
            yield f"{order.request_id} ({order.kind}) was accepted and is there {there[order.request_id]} times"


def answers_make_sense(seen: Evidence) -> Iterator[str]:
    """The same key answers the same request, patience is rewarded, and nothing is refused that should not be."""
    yield from seen.complaints


def nothing_is_stuck(seen: Evidence) -> Iterator[str]:
    """Every request has ended or waits for a person, and nothing of it moves or waits for anything else."""
    asked, steps = _open_tickets(seen), _by(seen.steps, "request_id")
    for request in seen.requests:
        mine = steps[request.id]
        moving = [f"{one.step_id} {one.status}" for one in mine if one.status in STEP_MOVING or one.check_after is not None]
        if moving:
            yield f"{request.request_id} is {request.status} and still moves: {', '.join(moving)}"
        elif request.status not in REQUEST_ENDED and not any(one.id in asked for one in mine):
            states = ", ".join(f"{one.step_id} {one.status}" for one in mine)
            yield f"{request.request_id} is {request.status} and waits for nobody: {states}"


def requests_agree_with_their_steps(seen: Evidence) -> Iterator[str]:
    """Completed means that every step is; an ended request asks nobody; rolled back leaves nothing that was to be undone."""
    asked, steps = _open_tickets(seen), _by(seen.steps, "request_id")
    for request in seen.requests:
        mine, status = steps[request.id], request.status
        all_well = all(one.status in STEP_SATISFIED and one.undo != "kept" for one in mine)
        if (status == "completed") != all_well and status in ("completed", "failed", "cancelled", "in_progress"):
            yield f"{request.request_id} is {status}, its steps are {sorted({one.status for one in mine})}"
        if status in REQUEST_ENDED and any(one.id in asked for one in mine):
            yield f"{request.request_id} is {status} and still asks a person"
        left = [
            one.step_id for one in mine if one.status == "completed" and one.step_config.get("undo", "nothing") != "nothing"
        ]
        if status == "rolled_back" and left:
            yield f"{request.request_id} is rolled back, but not {', '.join(left)}"


def no_call_is_repeated(seen: Evidence) -> Iterator[str]:
    """A call that takes effect whenever it is made is made once a key, unless it was turned away; the others stay the same."""
    for key, calls in _calls_by_key(seen).items():
        once = [call for call in calls if call.path.startswith("/once/")]
        for before, after in pairwise(once):
            if before.behaviour not in REFUSED:
                yield f"{before.path} was called again under {key} ({before.behaviour}, then {after.behaviour})"
        if len({(call.path, call.body) for call in calls}) > 1:
            yield f"{key} stood for different calls: {sorted({call.path for call in calls})}"


def effects_happen_once(seen: Evidence) -> Iterator[str]:
    """A step took effect at most once, whoever retried it; exactly once where the automation completed it."""
    effects = Counter(call.key.split(":")[0] for call in seen.calls if call.effect and UNDO not in call.path)
    for step in seen.steps:
        if step.step_type not in HTTP:
            continue
        times = effects[str(step.id)]
        by_machine = step.status in ("completed", "rolled_back") and step.managed_by == "automation"
        if times > 1 or (by_machine and times != 1):
            yield f"{_named(seen, step)} is {step.status} by {step.managed_by} and took effect {times} times"


def undos_happen_once(seen: Evidence) -> Iterator[str]:
    """What a step of the catalog undoes is undone at most once, and exactly once where no person had to do it."""
    effects = Counter(call.key.split(":")[0] for call in seen.calls if call.effect and UNDO in call.path)
    asked = {ticket.step_id for ticket in seen.tickets if ticket.ticket_type == "undo"}
    for step in seen.steps:
        rollback, times = step.step_config.get("rollback") or {}, effects[str(step.id)]
        by_machine = step.status == "rolled_back" and step.id not in asked and step.managed_by == "automation"
        if times > 1 or (rollback.get("type") in HTTP and by_machine and times != 1):
            yield f"{_named(seen, step)} is {step.status} and was undone {times} times"


def terraform_states_agree(seen: Evidence) -> Iterator[str]:
    """A build that the automation completed is in its state whole; one that it rolled back is not there any more."""
    asked = {ticket.step_id for ticket in seen.tickets if ticket.ticket_type == "undo"}
    for step in seen.steps:
        if step.step_type != "TerraformFile" or step.managed_by != "automation" or step.id in asked:
            continue
        wanted = {"completed": 2, "rolled_back": 0}.get(step.status)
        if wanted is not None and seen.resources.get(step.id, 0) != wanted:
            yield f"{_named(seen, step)} is {step.status}, its state holds {seen.resources.get(step.id)} resources"


def workflows_run_once(seen: Evidence) -> Iterator[str]:
    """Each wish has one run at GitHub that did not fail, and one at least where the automation completed the step."""
    ids = {request.id: request.request_id for request in seen.requests}
    wishes = Counter(one["inputs"].get("stratus_id", "") for one in seen.dispatches if not one["failed"])
    for wish, times in wishes.items():
        if times > 1 and wish.partition(".")[0] in ids.values():
            yield f"{wish} was dispatched {times} times"
    for step in seen.steps:
        if step.step_type == "GitHubWorkflow" and step.status == "completed" and step.managed_by == "automation":
            prefix = f"{ids[step.request_id]}.{step.step_id}."
            if not any(wish.startswith(prefix) for wish in wishes):
                yield f"{_named(seen, step)} is completed and no workflow was dispatched"


def children_start_after_their_parents(seen: Evidence) -> Iterator[str]:
    """Whenever a step begins, each of its parents has completed or was skipped, as the events tell it."""
    needs = {(step.request_id, step.step_id): step.depends_on for step in seen.steps}
    names = {request.id: request.request_id for request in seen.requests}
    for request, events in _by(seen.events, "request_id").items():
        now: dict[str, str] = {step_id: "pending" for owner, step_id in needs if owner == request}
        now |= {step.step_id: "skipped" for step in seen.steps if step.request_id == request and step.status == "skipped"}
        undoing = False
        for event in events:
            undoing = undoing or event.kind == "request.rolling_back"
            if event.kind == "step.running" and not undoing:
                early = [parent for parent in needs[request, event.step_id] if now.get(parent) not in STEP_SATISFIED]
                if early:
                    yield f"{names[request]} {event.step_id} began before {', '.join(early)}"
            if event.kind in STEP_EVENTS:
                now[event.step_id] = event.kind.removeprefix("step.")


def events_have_no_holes(seen: Evidence) -> Iterator[str]:
    """The events of a request are numbered from 1 to the last one that its row counts."""
    told = _by(seen.events, "request_id")
    for request in seen.requests:
        numbers = [event.number for event in told[request.id]]
        if numbers != list(range(1, request.last_event + 1)):
            yield f"{request.request_id} counts {request.last_event} events and has {numbers}"


def events_agree_with_rows(seen: Evidence) -> Iterator[str]:
    """The last event about a request, and about each of its steps that has come to rest, says what the row says."""
    told = _by(seen.events, "request_id")
    steps = _by(seen.steps, "request_id")
    for request in seen.requests:
        last = {event.step_id: event.kind for event in told[request.id] if event.kind in STEP_EVENTS}
        standing = [event.kind for event in told[request.id] if event.kind in REQUEST_EVENTS]
        if not standing or standing[-1] != f"request.{request.status}":
            yield f"{request.request_id} is {request.status}, its last event about that is {standing[-1:]}"
        for step in steps[request.id]:
            if (
                step.status in ("completed", "failed", "cancelled", "rolled_back")
                and last.get(step.step_id) != f"step.{step.status}"
            ):
                yield f"{_named(seen, step)} is {step.status}, its last event is {last.get(step.step_id)}"


def streams_tell_the_same_story(seen: Evidence) -> Iterator[str]:
    """Whoever watches, and goes on where they were cut off, hears every event once and in order, to the last one."""
    told = _by(seen.events, "request_id")
    for request in seen.requests:
        heard = list(seen.told.get(request.request_id, ()))
        there = [(event.number, event.kind) for event in told[request.id]]
        if request.request_id in seen.told and heard != there:
            same = next((place for place, (a, b) in enumerate(zip(heard, there, strict=False)) if a != b), len(heard))
            yield f"{request.request_id}: after event {same} came {heard[same : same + 3]}, not {there[same : same + 3]}"


def audit_agrees_with_events(seen: Evidence) -> Iterator[str]:
    """Every change that was told was audited, as often, and nothing else was."""
    names = {request.id: request.request_id for request in seen.requests}
    told = Counter(_target(names, event) for event in seen.events if event.kind in STEP_EVENTS | REQUEST_EVENTS)
    told = Counter({one: times for one, times in told.items() if one[1] != "request.submitted"})
    kept = Counter((row.target, row.action) for row in seen.audit if row.action in STEP_EVENTS | REQUEST_EVENTS)
    for one in sorted((told | kept) - (told & kept)):
        yield f"{one[0]} {one[1]}: told {told[one]} times, audited {kept[one]} times"


def every_move_is_legal(seen: Evidence) -> Iterator[str]:
    """Each change of a step's status, as the database's own witness saw it, is in the table of moves."""
    for row in seen.history:
        if row.old_status == row.new_status:
            continue
        if row.new_status not in STEP_MOVES[StepStatus(row.old_status)]:
            yield f"step {row.step} went from {row.old_status} to {row.new_status} ({row.writer})"


def a_step_is_claimed_by_one(seen: Evidence) -> Iterator[str]:
    """No claim takes a step that somebody holds; each claim to run raises the attempt by one."""
    for row in seen.history:
        if row.old_status in RUNS and row.new_status in RUNS and row.old_token != row.new_token:
            yield f"step {row.step} was claimed by {row.writer} while {row.old_owner} held it"
        if row.new_status == "running" and row.old_status == "ready" and row.new_attempt != row.old_attempt + 1:
            yield f"step {row.step} was claimed as attempt {row.new_attempt} after attempt {row.old_attempt}"


def nothing_is_written_with_a_stale_token(seen: Evidence) -> Iterator[str]:
    """A running step is moved by who holds its lease, or by whoever finds that the lease ran out; an outcome needs a claim."""
    for row in seen.history:
        let_go = row.old_status in RUNS and row.new_status not in RUNS
        expired = row.old_lease is not None and row.at >= row.old_lease
        if let_go and not expired and not _is(row.writer, row.old_owner):
            yield f"step {row.step} ({row.old_owner}'s) was moved to {row.new_status} by {row.writer}"
        if row.old_status not in RUNS and row.new_status in ("completed", "failed") and row.writer.startswith("chaos-worker"):
            yield f"step {row.step} was moved from {row.old_status} to {row.new_status} by {row.writer} without a claim"


def attempts_tell_the_whole_story(seen: Evidence) -> Iterator[str]:
    """Attempts are numbered 1 to the step's count, each with a token of its own and the key of its step; none is left open."""
    attempts = _by(seen.attempts, "step_id")
    for step in seen.steps:
        mine = attempts[step.id]
        if [one.attempt_number for one in mine] != list(range(1, step.attempt + 1)):
            yield f"{_named(seen, step)} counts {step.attempt} attempts and has {[one.attempt_number for one in mine]}"
        if any(not one.idempotency_key.startswith(f"{step.id}:") for one in mine):
            yield f"{_named(seen, step)} has an attempt under another step's key"
        if any(one.status == "running" for one in mine) and step.status not in RUNS:
            yield f"{_named(seen, step)} is {step.status} and an attempt of it still runs"
    twice = [token for token, times in Counter(one.lease_token for one in seen.attempts).items() if times > 1]
    if twice:
        yield f"attempts share lease tokens: {twice}"


def late_results_are_kept_aside(seen: Evidence) -> Iterator[str]:
    """What came too late stands beside its attempt, and the attempt did not become what the late result said."""
    for attempt in seen.attempts:
        said = (attempt.late_result or {}).get("outcome")
        if said == "Done" and attempt.status == "completed":
            yield f"attempt {attempt.attempt_number} of step {attempt.step_id} is completed by a result that came too late"


def people_are_asked_once(seen: Evidence) -> Iterator[str]:
    """A step has one ticket at a time, and one that only a person can move on has exactly one open."""
    tickets, requests = _by(seen.tickets, "step_id"), {request.id: request for request in seen.requests}
    for step in seen.steps:
        mine = tickets[step.id]
        for before, after in pairwise(mine):
            if before.resolved_at is None or before.resolved_at > after.created_at:
                yield f"{_named(seen, step)} had {before.ticket_id} and {after.ticket_id} at once"
        open_now = [one for one in mine if one.status in TICKET_OPEN]
        ended = requests[step.request_id].status in REQUEST_ENDED
        waits = step.status in ("indeterminate", "waiting") and step.check_after is None
        if len(open_now) != 1 and waits and not ended:
            yield f"{_named(seen, step)} is {step.status}, waits for nothing and has {len(open_now)} open tickets"


def secret_outputs_are_sealed(seen: Evidence) -> Iterator[str]:
    """An output that is sensitive, or made from something that is, has no value in clear."""
    for output in seen.outputs:
        if output.name == "token" and (not output.sensitive or output.value is not None or output.secret_value is None):
            yield f"output {output.group}.{output.name} of {output.request_id} is not sealed"


def secrets_are_seen_nowhere(seen: Evidence) -> Iterator[str]:
    """No canary in a dump, a log, Redis, a stream or on a command line."""
    yield from seen.leaks


def who_is_asked_to_go_goes_in_order(seen: Evidence) -> Iterator[str]:
    """A process that gets SIGTERM ends by itself and well; no step is lost by it."""
    for name, status in seen.rolled.items():
        if status != 0:
            yield f"{name} ended with {status}"
    if seen.rolled:
        for row in seen.history:
            if row.old_status in RUNS and row.new_status not in RUNS and row.at >= row.old_lease:
                yield f"step {row.step} was lost by {row.old_owner}"


def nobody_is_orphaned(seen: Evidence) -> Iterator[str]:
    """No Terraform and no worker runs that belongs to nobody."""
    yield from seen.orphans


def terraform_runs_alone(seen: Evidence) -> Iterator[str]:
    """No two Terraform runs of one step at the same time: the second would build beside the first."""
    yield from seen.overlaps


def bells_ring_after_the_commit(seen: Evidence) -> Iterator[str]:
    """Nobody rings with a transaction open: whoever wakes must find what it was woken for."""
    for note in seen.notes:
        yield f"{note['what']} ({note['process']}): {note['stack']}"


def the_safety_net_is_idle(seen: Evidence) -> Iterator[str]:
    """The sweep's safety net had nothing to rescue: every transaction left its request able to go on."""
    for line in seen.log:
        if line.get("rescued"):
            yield f"{line['process']}: {line['rescued']} requests were rescued"


BUGS = (
    "a step could not be recorded",
    "a step type raised",
    "a sweep broke off; the next one comes",
    "the listener broke off; the next one takes its place",
    "a job that no worker runs was thrown away",
)
"""What a worker says when something in it is wrong, not around it."""
AWAY = (
    *("OperationalError", "InterfaceError", "AdminShutdown", "CannotConnectNow", "TimeoutError", "ConnectionTimeout"),
    *("redis.exceptions.", "InvalidJobOperation", "NoSuchJobError"),
)
"""What is around it: PostgreSQL or Redis that is not there, or has forgotten."""


def no_bug_is_logged(seen: Evidence) -> Iterator[str]:
    """No worker and no web met anything but what the fault did to it."""
    for line in seen.log:
        text = f"{line.get('exception', '')} {line.get('failed', '')}"
        away = any(name in text for name in AWAY)
        wrong = line.get("event") in BUGS or bool(line.get("failed")) or "Traceback" in text
        if wrong and not away:
            yield f"{line['process']}: {line.get('event')} {text[-400:]} {line.get('trace', '')[-400:]}"


INVARIANTS: tuple[Invariant, ...] = (
    accepted_requests_exist,
    answers_make_sense,
    nothing_is_stuck,
    requests_agree_with_their_steps,
    no_call_is_repeated,
    effects_happen_once,
    undos_happen_once,
    workflows_run_once,
    terraform_states_agree,
    children_start_after_their_parents,
    events_have_no_holes,
    events_agree_with_rows,
    streams_tell_the_same_story,
    audit_agrees_with_events,
    every_move_is_legal,
    a_step_is_claimed_by_one,
    nothing_is_written_with_a_stale_token,
    attempts_tell_the_whole_story,
    late_results_are_kept_aside,
    people_are_asked_once,
    secret_outputs_are_sealed,
    secrets_are_seen_nowhere,
    who_is_asked_to_go_goes_in_order,
    nobody_is_orphaned,
    terraform_runs_alone,
    bells_ring_after_the_commit,
    the_safety_net_is_idle,
    no_bug_is_logged,
)


def judge(seen: Evidence) -> dict[str, list[str]]:
    """Name of each broken invariant -> what breaks it."""
    found = {check.__name__: list(check(seen)) for check in INVARIANTS}
    return {name: violations for name, violations in found.items() if violations}


def _by(rows: Iterable[Any], column: str) -> Mapping[Any, list[Any]]:
    grouped: dict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        grouped[getattr(row, column)].append(row)
    return grouped


def _open_tickets(seen: Evidence) -> set[Any]:
    return {ticket.step_id for ticket in seen.tickets if ticket.status in TICKET_OPEN}


def _calls_by_key(seen: Evidence) -> Mapping[str, list[Call]]:
    return _by((call for call in seen.calls if call.key and UNDO not in call.path), "key")


def _named(seen: Evidence, step: Any) -> str:
    request = next(one for one in seen.requests if one.id == step.request_id)
    return f"{request.request_id} {step.step_id} ({step.step_type})"


def _target(names: Mapping[Any, str], event: Any) -> tuple[str, str]:
    about = f"/{event.step_id}" if event.kind in STEP_EVENTS else ""
    return f"request:{names[event.request_id]}{about}", event.kind


def _is(writer: str, worker: str | None) -> bool:
    """Whether the process that calls itself `chaos-worker-<pid>` is the worker `<host>-<pid>-<hex>`."""
    return worker is not None and writer.rpartition("-")[2] == worker.split("-")[-2]
