"""What the tests of Terraform at HCP Terraform share: a stand-in, contexts for a step there, and what the stand-in saw."""

import time
from contextlib import contextmanager
from dataclasses import replace
from itertools import count

from app.core.outcomes import Waiting
from app.core.step_params import TerraformFileParams
from app.outbound import Outbound
from app.steps.base import StepSettings
from app.steps.terraform import TerraformFile
from dev.standins.serving import Running
from dev.standins.tfe import create_app
from dev.standins.tfe_work import Pretence
from tests.steps.exchanges import LOOPBACK, context
from tests.steps.terraform_runs import archive

STEP = TerraformFile()
RUN_SECONDS = 0.2
TOKEN = "development"
WORKSPACE = "stratus-req-20261124-abc123-step-004"
MODULE = archive({"main.tf": 'variable "word" {}\noutput "word" { value = var.word }\n'})
OUTPUTS = {"values": ({"word": "hello", "key": "s3cret"}, True), "secret_names": (["key"], False)}


class WayOut(Outbound):
    """Remembers every call: (method, URL, headers, what was sent)."""

    def __init__(self):
        super().__init__(["127.0.0.1", "localhost"], allow_loopback=True)
        self.calls = []

    def request(self, method, url, *, headers=None, json=None, body=None, **limits):
        self.calls.append((method, url, dict(headers or {}), body if json is None else json))
        return super().request(method, url, headers=headers, json=json, body=body, **limits)


class Place:
    """A step that is about to run at a stand-in. Each call of it gets a directory of its own, as at a worker."""

    def __init__(self, server, folder):
        self.server, self.folder = server, folder
        self.lines = []
        self.http = WayOut()
        self.numbers = count()
        self.noted = []

    def context(self, *, template=None, **changes):
        """The step's view of the world. template: more of its parameters."""
        workdir = self.folder / f"call-{next(self.numbers)}"
        workdir.mkdir(mode=0o700)
        keys = {"module_source": "../modules/x", "backend": "remote", "variables": {"word": "hello"}} | (template or {})
        made = context(
            TerraformFileParams(**keys),
            http=self.http,
            log=self.lines.append,
            workdir=workdir,
            module=MODULE,
            settings=StepSettings("", "", "", None, self.server.url, TOKEN, "acme"),
            note=lambda facts: self.noted.append(facts) or True,
        )
        return replace(made, **changes)

    def run(self, **changes):
        return STEP.run(self.context(**changes))

    def poll(self, outcome, **changes):
        return STEP.poll(self.context(handle=outcome.handle, **changes))

    def follow(self, outcome, look=None, *, seconds=30, **changes):
        """Look again as the worker would, only sooner, until nothing is waited for any more."""
        end = time.monotonic() + seconds
        while isinstance(outcome, Waiting) and time.monotonic() < end:
            time.sleep(RUN_SECONDS / 8)
            outcome = (look or STEP.poll)(self.context(handle=outcome.handle, **changes))
        return outcome

    def through(self, **changes):
        """Run the step to its end."""
        return self.follow(self.run(**changes), **changes)

    def until(self, outcome, status):
        """Wait, without a look of the step's, until its run is in a status; gives the wait again."""
        end = time.monotonic() + 30
        while self.status(outcome) != status:
            assert time.monotonic() < end, self.status(outcome)
            time.sleep(RUN_SECONDS / 20)
        return outcome

    def status(self, outcome):
        return self.get(f"/api/v2/runs/{outcome.external_id}")["data"]["attributes"]["status"]

    def tell(self, behaviour, **options):
        reply = LOOPBACK.request("POST", f"{self.server.url}/_control", json={"behaviour": behaviour, **options}, timeout=5)
        assert reply.status == 200, reply.text()

    def taken(self):
        """What was asked for runs: `run`, `apply`, `discard`, `cancel`, in order."""
        return [one["what"] for one in self.get("/_log")["taken"]]

    def get(self, path):
        reply = LOOPBACK.request("GET", f"{self.server.url}{path}", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=5)
        assert reply.status == 200, reply.text()
        return reply.json()

    def act(self, outcome, action):
        """What a person does at HCP Terraform."""
        url = f"{self.server.url}/api/v2/runs/{outcome.external_id}/actions/{action}"
        return LOOPBACK.request("POST", url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=5).status


@contextmanager
def place(folder, work=None):
    """A place whose stand-in ends with the block."""
    with Running(create_app(work=work or Pretence(OUTPUTS, resources=3), run_seconds=RUN_SECONDS)) as server:
        yield Place(server, folder)
