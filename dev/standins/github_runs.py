"""The workflow runs of the GitHub stand-in: made by a dispatch, moved on by the clock alone, kept in memory or a JSON file.

A run is `queued` for a fifth of its time, then `in_progress`, then `completed`. Nothing runs in the background: how it stands
is computed when somebody asks.
"""

import hashlib
import io
import json
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any

QUEUED_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow file: its title, the inputs it declares (`required` ones must be sent), and what it puts into its artifact."""

    title: str
    required: frozenset[str]
    optional: frozenset[str]
    outputs: Callable[[Mapping[str, str]], dict[str, Any]]


WORKFLOWS: Mapping[str, Workflow] = {
    "setup-monitoring.yml": Workflow(
        title="Set up monitoring for {service_name} ({stratus_id})",
        required=frozenset({"service_name"}),
        optional=frozenset({"team", "environment", "service_url", "stratus_id"}),
        outputs=lambda inputs: {"dashboard_url": f"https://grafana.example.com/dashboards/{inputs['service_name']}"},
    ),
}


@dataclass(frozen=True, slots=True)
class Run:
    """One run. Times are seconds since the epoch; `ending` is its conclusion once it is over."""

    id: int
    number: int
    repository: str
    workflow: str
    ref: str
    inputs: dict[str, str]
    created: float
    seconds: float
    ending: str
    cancelled: float | None = None

    @property
    def title(self) -> str:
        """What `run-name` makes of the inputs."""
        known = WORKFLOWS[self.workflow]
        return known.title.format_map({name: self.inputs.get(name, "") for name in known.required | known.optional})

    def status(self, now: float) -> str:
        """How far it is."""
        if self.cancelled is not None or now >= self.created + self.seconds:
            return "completed"
        return "queued" if now < self.created + self.seconds * QUEUED_SHARE else "in_progress"

    def conclusion(self, now: float) -> str | None:
        """How it ended; None while it goes on."""
        if self.status(now) != "completed":
            return None
        return self.ending if self.cancelled is None else "cancelled"

    def updated(self, now: float) -> float:
        """When it last changed, roughly."""
        return min(now, self.created + self.seconds) if self.cancelled is None else self.cancelled

    def archive(self) -> bytes:
        """Its artifact `stratus-outputs`: a real zip that holds `outputs.json`."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("outputs.json", json.dumps(WORKFLOWS[self.workflow].outputs(self.inputs), indent=2))
        return packed.getvalue()


class Runs:
    """All runs, by id. Ids start at the clock's milliseconds, so that a restart without a file never uses one again."""

    def __init__(self, store: Path | None = None) -> None:
        self._store = store
        self._lock = Lock()
        kept = json.loads(store.read_text()) if store and store.exists() else []
        self._runs = {fields["id"]: Run(**fields) for fields in kept}
        self._next = max([int(time.time() * 1000), *(run_id + 1 for run_id in self._runs)])

    def start(self, repository: str, workflow: str, ref: str, inputs: dict[str, str], seconds: float, ending: str) -> Run:
        """A new run, queued now."""
        with self._lock:
            number = 1 + sum(1 for run in self._runs.values() if run.workflow == workflow and run.repository == repository)
            run = Run(self._next, number, repository, workflow, ref, inputs, time.time(), seconds, ending)
            self._next += 1
            self._keep(run)
        return run

    def cancel(self, run: Run, now: float) -> None:
        """End a run before its time."""
        with self._lock:
            self._keep(replace(run, cancelled=now))

    def find(self, repository: str, run_id: int) -> Run | None:
        """One run of a repository."""
        run = self._runs.get(run_id)
        return run if run and run.repository == repository else None

    def of_workflow(self, repository: str, workflow: str) -> list[Run]:
        """The runs of a workflow, newest first."""
        with self._lock:
            runs = list(self._runs.values())
        return sorted(
            (run for run in runs if run.repository == repository and run.workflow == workflow),
            key=lambda run: run.id,
            reverse=True,
        )

    def _keep(self, run: Run) -> None:
        self._runs[run.id] = run
        if self._store:
            beside = self._store.with_suffix(".new")
            beside.write_text(json.dumps([asdict(kept) for kept in self._runs.values()]))
            beside.replace(self._store)


def number_of(text: str) -> int:
    """A stable positive number for a name, where GitHub has an id."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) + 1
