"""What the tests of `TerraformFile` share: modules as archives, contexts, and a state backend that forgets."""

import io
import json
import tarfile
import uuid
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event

from app.core.step_params import TerraformFileParams
from app.errors import Conflict
from app.outbound import Outbound
from app.state_server import StateServer
from app.steps.base import StepContext, StepSettings
from app.steps.terraform import TerraformFile
from dev import terraform_shim

MODULES = Path(__file__).parents[2] / "catalog" / "modules"
BINARY = terraform_shim.binary()
SETTINGS = StepSettings(github_api_url="", github_token="", terraform_binary=BINARY)
ECHO = """
variable "word" {}
resource "terraform_data" "echo" { input = var.word }
output "word" { value = terraform_data.echo.output }
"""


def archive(files):
    """A gzipped tar of `{name: text}`."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()


def example(name):
    """One of the catalog's own modules."""
    return archive({path.name: path.read_text() for path in (MODULES / name).glob("*.tf")})


class MemoryStore:
    """States in a dictionary, for runs whose database is not the subject."""

    def __init__(self):
        self.states = {}
        self.lost = Event()

    def read(self, step_pk, _lease_token):
        if self.lost.is_set():
            raise Conflict
        return self.states.get(step_pk, b"")

    def write(self, step_pk, _lease_token, state):
        if self.lost.is_set():
            raise Conflict
        self.states[step_pk] = state


class Site:
    """A place to run steps at: one state, one log, a fresh private directory for each run."""

    def __init__(self, folder, server, store):
        self.folder, self.server, self.store = folder, server, store
        self.step, self.lease = uuid.uuid4(), uuid.uuid4()
        self.lines = []
        self.stopping = Event()
        self.noted = []
        self.runs = 0

    def note(self, facts):
        """Keep what a run notes, in order, as JSON would."""
        self.noted.append(json.loads(json.dumps(facts)))
        return True

    def run(self, module, variables=None, **changes):
        """Run the step type once; gives its outcome. changes: fields of the context, `template`: more of the parameters."""
        return self.call("run", module, variables, **changes)

    def call(self, act, module, variables=None, **changes):
        """The same for any act of the step type."""
        with self.context(module, variables or {}, **changes) as context:
            return getattr(TerraformFile(), act)(context)

    @contextmanager
    def context(self, module, variables, *, template=None, **changes):
        self.runs += 1
        workdir = self.folder / f"run-{self.runs}"
        workdir.mkdir(mode=0o700)
        params = TerraformFileParams(module_source="../modules/x", variables=variables, **(template or {}))
        with self.server.open(self.step, self.lease) as state:
            context = StepContext(
                idempotency_key="key",
                request_id="req-20261124-abc123",
                step_id="step-001",
                step_name="provision",
                attempt=1,
                params=params,
                settings=SETTINGS,
                http=Outbound((), {}, allow_loopback=False),
                log=self.lines.append,
                workdir=workdir,
                stopping=self.stopping,
                budget=timedelta(seconds=300),
                note=self.note,
                module=archive({"main.tf": module}) if isinstance(module, str) else module,
                state=state,
            )
            yield replace(context, **changes)

    @property
    def workdir(self):
        """The directory of the last run."""
        return self.folder / f"run-{self.runs}"


@contextmanager
def site(folder):
    """A site whose backend ends with the block."""
    store = MemoryStore()
    with StateServer(store) as server:
        yield Site(folder, server, store)
