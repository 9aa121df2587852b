"""Terraform's HTTP state backend on the worker's own loopback: encrypted, versioned, locked by the lease of the step.

A run sees a URL and a password that hold for that run alone; no database credentials reach it (`local-exec` inherits the
environment). There is no LOCK: who holds the step's lease may read, and write where the lease is for a run or an undo; a dead
run's lock dies with its lease.
"""

import base64
import binascii
import hmac
import logging
import secrets
import socketserver
import sys
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from threading import Thread
from typing import Self

from sqlalchemy import Connection, Engine, delete, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from app.core.statuses import Activity, PlanStatus, StepStatus
from app.errors import Conflict, StratusError
from app.models.plans import StepPlan
from app.models.requests import RequestStep, TerraformState
from app.steps.base import StateAccess
from app.vault import Vault

MAX_STATE_BYTES = 64 * 1024 * 1024
KEPT_VERSIONS = 50
"""A long apply saves its state every few seconds; older versions of one step are dropped."""
IDLE_SECONDS = 60
CLOSE_SECONDS = 0.1
"""How soon `close` is heard."""

READING = tuple(Activity)
WRITING = (Activity.RUN, Activity.UNDO, Activity.ADOPT)
"""Who finds out what became of a run changes nothing, whatever Terraform would make of it."""

log = logging.getLogger(__name__)


class LeaseLostError(Conflict):
    """The step is no longer this run's: its lease went to somebody else, or is for looking only."""


class StateStore:
    """The states of steps in `terraform_states`; the newest version is the state, an empty one means none."""

    def __init__(self, engine: Engine, vault: Vault) -> None:
        self._engine = engine
        self._vault = vault

    def read(self, step_pk: uuid.UUID, lease_token: uuid.UUID) -> bytes:
        """The state, or nothing. Raises LeaseLostError, VaultError, SQLAlchemyError."""
        newest = select(TerraformState.id, TerraformState.ciphertext).where(TerraformState.step_id == step_pk)
        with self._engine.begin() as connection:
            _hold(connection, step_pk, lease_token, READING)
            row = connection.execute(newest.order_by(TerraformState.version.desc()).limit(1)).one_or_none()
        return b"" if row is None else self._vault.decrypt(row.ciphertext, cell(row.id))

    def write(self, step_pk: uuid.UUID, lease_token: uuid.UUID, state: bytes) -> None:
        """Add a version; `b""` forgets the state. Raises LeaseLostError, SQLAlchemyError."""
        key = uuid.uuid4()
        ciphertext = self._vault.encrypt(state, cell(key))
        last = select(func.coalesce(func.max(TerraformState.version), 0)).where(TerraformState.step_id == step_pk)
        with self._engine.begin() as connection:
            _hold(connection, step_pk, lease_token, WRITING)
            version = connection.execute(last).scalar_one() + 1
            row = {"id": key, "step_id": step_pk, "version": version, "ciphertext": ciphertext, "written_with": lease_token}
            connection.execute(insert(TerraformState).values(row))
            old = (TerraformState.step_id == step_pk, TerraformState.version <= version - KEPT_VERSIONS)
            connection.execute(delete(TerraformState).where(*old))


def _hold(connection: Connection, step_pk: uuid.UUID, lease_token: uuid.UUID, activities: Collection[Activity]) -> None:
    """Lock the step's row, if its lease is still this one: nobody takes it away before this transaction ends.

    activities: what the lease may be for. A plan has a lease of its own beside the step's, and only reads: it locks nothing.
    """
    held = (
        select(RequestStep.id)
        .where(RequestStep.id == step_pk, RequestStep.lease_token == lease_token)
        .where(RequestStep.status.in_((StepStatus.RUNNING, StepStatus.VERIFYING)))
        .where(RequestStep.activity.in_(activities))
        .with_for_update(key_share=True)
    )
    if connection.execute(held).one_or_none() is not None:
        return
    planned = select(StepPlan.step_id).where(
        StepPlan.step_id == step_pk, StepPlan.lease_token == lease_token, StepPlan.status == PlanStatus.RUNNING
    )
    if Activity.PLAN not in activities or connection.execute(planned).one_or_none() is None:
        raise LeaseLostError


def cell(key: uuid.UUID) -> str:
    """The address of a version of a state, bound into its encryption."""
    return f"terraform_states.ciphertext:{key}"


@dataclass(frozen=True, slots=True)
class _Run:
    """What one run may touch, and how it shows that it is that run."""

    step_pk: uuid.UUID
    lease_token: uuid.UUID
    username: str
    password: str

    def admits(self, header: str) -> bool:
        """True when an Authorization header carries this run's credentials."""
        scheme, _, encoded = header.partition(" ")
        try:
            sent = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            return False
        return scheme.lower() == "basic" and hmac.compare_digest(sent, f"{self.username}:{self.password}".encode())


class _Server(socketserver.ThreadingTCPServer):
    """Not http.server's own class: that one asks DNS for the name of 127.0.0.1 before it answers anybody."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, store: StateStore) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.store = store
        self.runs: dict[str, _Run] = {}

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - the base class calls it so
        """A connection broke. To the log, not to standard error; the state itself is never part of the message."""
        log.warning("state request broke", extra={"reason": repr(sys.exception())})


class _Handler(BaseHTTPRequestHandler):
    """Answers GET, POST and DELETE of `/<run>`."""

    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS

    def do_GET(self) -> None:
        """Give the state: 200, or 204 when there is none."""
        self._serve(lambda run: self.server.store.read(run.step_pk, run.lease_token))

    def do_POST(self) -> None:
        """Save the state."""
        self._serve(self._save)

    def do_DELETE(self) -> None:
        """Forget the state; its versions stay."""
        self._serve(lambda run: self._write(run, b""))

    def log_message(self, format: str, *_arguments: object) -> None:  # noqa: A002 - the base class calls it so
        """Say nothing: each run asks a handful of times, and a refusal is logged where it is decided."""

    def _serve(self, act: Callable[[_Run], bytes]) -> None:
        run = self.server.runs.get(self.path.partition("?")[0].strip("/"))
        if run is None or not run.admits(self.headers.get("Authorization", "")):
            self._answer(HTTPStatus.UNAUTHORIZED, close=True)
            return
        try:
            body = act(run)
        except StratusError as error:
            log.warning("state refused", extra={"step": str(run.step_pk), "reason": error.code})
            # Never a 5xx, which would be tried again: neither a lost lease nor a missing key comes back by waiting.
            status = HTTPStatus(error.status) if error.status < 500 else HTTPStatus.FAILED_DEPENDENCY
            self._answer(status, error.message.encode(), close=True)
        except SQLAlchemyError as error:
            # 503 makes Terraform try again: a database that restarts must not cost the state of what was just built.
            log.warning("state not reachable", extra={"step": str(run.step_pk), "reason": type(error).__name__})
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, close=True)
        else:
            self._answer(HTTPStatus.OK if body else HTTPStatus.NO_CONTENT, body)

    def _save(self, run: _Run) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit():
            raise _LengthMissingError
        if int(length) > MAX_STATE_BYTES:
            raise _StateTooLargeError
        state = self.rfile.read(int(length))
        if len(state) < int(length):
            raise _CutOffError
        return self._write(run, state)

    def _write(self, run: _Run, state: bytes) -> bytes:
        self.server.store.write(run.step_pk, run.lease_token, state)
        return b""

    def _answer(self, status: HTTPStatus, body: bytes = b"", *, close: bool = False) -> None:
        """Answer. close: the request's body may be unread, so the connection cannot serve another one."""
        self.send_response(status)
        if status is HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", 'Basic realm="state"')
        if status is not HTTPStatus.NO_CONTENT:
            self.send_header("Content-Type", "application/json" if status is HTTPStatus.OK else "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
        if close:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)


class _LengthMissingError(StratusError):
    """Say how long the state is."""

    status = 411
    code = "length_required"


class _StateTooLargeError(StratusError):
    """The state is larger than 64 MiB."""

    status = 413
    code = "too_large"


class _CutOffError(StratusError):
    """The state did not arrive whole."""

    status = 400
    code = "malformed"


class StateServer:
    """The backend, serving from the moment it is made until `close`."""

    def __init__(self, store: StateStore) -> None:
        self._server = _Server(store)
        self._thread = Thread(target=self._server.serve_forever, args=(CLOSE_SECONDS,), name="state-server", daemon=True)
        self._thread.start()

    @contextmanager
    def open(self, step_pk: uuid.UUID, lease_token: uuid.UUID) -> Iterator[StateAccess]:
        """Let one run of one step at its state, under its lease, while the block lasts."""
        name = uuid.uuid4().hex
        run = _Run(step_pk, lease_token, name, secrets.token_urlsafe(32))
        self._server.runs[name] = run
        try:
            yield StateAccess(f"{self.address}/{name}", run.username, run.password)
        finally:
            del self._server.runs[name]

    @property
    def address(self) -> str:
        """Where it listens, e.g. `http://127.0.0.1:40123`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
