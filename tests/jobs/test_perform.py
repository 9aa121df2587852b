"""The middle act: what a step was given stays out of logs, tickets and rows that people see."""

import io
import logging
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import pytest

from app import steps
from app.core.outcomes import Done, Failed, Indeterminate, NeedsHuman, Outcome
from app.core.step_params import ManualTaskParams, StepParams
from app.jobs.leases import Held
from app.jobs.perform import Performer
from app.lifecycle.files import uploads
from app.models.tables import CHUNK
from app.steps.base import StepContext
from app.steps.parts import NeverWaits
from tests.fixtures.house import House, item
from worker import build

CANARY = "canary-4711"
ASK = "- {name: ask, type: ManualTask, template: {instructions: 'Say {{ secrets.token }}'}}"


@dataclass
class Breaks(NeverWaits):
    """A step type with a bug that quotes what it was given."""

    name: ClassVar[str] = "ManualTask"
    Params: ClassVar[type[StepParams]] = ManualTaskParams

    def run(self, context: StepContext) -> Outcome:
        raise ValueError(f"cannot say {context.params}")


@pytest.fixture
def performer(house: House) -> Iterator[Performer]:
    """What a worker brings along, with one secret of the operator."""
    runtime = build(house.settings.model_copy(update={"step_secrets": {"token": CANARY}}), "w1")
    yield runtime.performer
    runtime.leases.engine.dispose()
    runtime.close()


def test_instructions_for_people_show_no_secret(house: House, performer: Performer) -> None:
    house.offer(ask=item(ASK))
    house.order("ask")
    result = performer.perform(house.must_claim(), Held(uuid.uuid4()))
    assert result.outcome == NeedsHuman("Say [masked]")
    assert result.inputs == {"instructions": "Say [masked]"}


def test_a_step_type_that_raises_leaves_an_unknown_step_and_no_secret_in_the_log(
    house: House, performer: Performer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(steps.REGISTRY, "ManualTask", Breaks())
    house.offer(ask=item(ASK))
    house.order("ask")
    with caplog.at_level(logging.ERROR):
        result = performer.perform(house.must_claim(), Held(uuid.uuid4()))
    assert isinstance(result.outcome, Indeterminate)
    assert "[masked]" in str(result.outcome.evidence)
    written = [str(record.__dict__) for record in caplog.records]
    assert written
    assert CANARY not in str(written) + str(result)


def test_a_template_that_cannot_be_rendered_has_failed_before_anything_was_called(house: House, performer: Performer) -> None:
    house.offer(ask=item(ASK))
    house.order("ask")
    result = replace(performer, secrets={}).perform(house.must_claim(), Held(uuid.uuid4(), stopping=threading.Event()))
    assert isinstance(result.outcome, Failed)
    assert (result.outcome.kind, result.outcome.retryable) == ("template_error", False)


@dataclass
class Reads(NeverWaits):
    """A step type that reads the file it is given, and repeats what it says."""

    name: ClassVar[str] = "ManualTask"
    Params: ClassVar[type[StepParams]] = ManualTaskParams
    paths: ClassVar[list[Path]] = []

    def run(self, context: StepContext) -> Outcome:
        path = Path(context.params.model_dump()["instructions"])
        self.paths.append(path)
        mode = f"{path.stat().st_mode & 0o777:o} {path.parent.stat().st_mode & 0o777:o}"
        return Done({"said": path.read_text(), "mode": mode, "repeated": f"token is {CANARY}"})


FILES = "[{name: config, type: file}, {name: other, type: file}]"


def test_a_step_gets_a_file_as_a_path_that_goes_with_it(
    house: House, performer: Performer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(steps.REGISTRY, "ManualTask", Reads())
    ask = "- {name: ask, type: ManualTask, template: {instructions: '{{ config }}'}}"
    house.offer(ask=item(ask, fields=FILES))
    ids = [uploaded(house, content) for content in (b"name: value\n", b"not asked for\n")]
    house.order({"catalog_item": "ask", "parameters": dict(zip(("config", "other"), ids, strict=True))})
    result = performer.perform(house.must_claim(), Held(uuid.uuid4()))
    assert isinstance(result.outcome, Done)
    assert result.outcome.outputs | {"repeated": ""} == {"said": "name: value\n", "mode": "600 700", "repeated": ""}
    assert not Reads.paths[-1].parent.exists()


def test_an_output_that_repeats_a_secret_is_sensitive(
    house: House, performer: Performer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(steps.REGISTRY, "ManualTask", Reads())
    house.offer(ask=item("- {name: ask, type: ManualTask, template: {instructions: '{{ config }}'}}", fields=FILES))
    house.order({"catalog_item": "ask", "parameters": {"config": uploaded(house, b"name: value\n")}})
    result = performer.perform(house.must_claim(), Held(uuid.uuid4()))
    assert isinstance(result.outcome, Done)
    assert result.outcome.sensitive == {"repeated"}


def test_a_file_that_is_gone_fails_its_step_before_anything_is_called(house: House, performer: Performer) -> None:
    house.offer(ask=item("- {name: ask, type: ManualTask, template: {instructions: '{{ config }}'}}", fields=FILES))
    house.order({"catalog_item": "ask", "parameters": {"config": uploaded(house, b"name: value\n")}})
    with house.engine.begin() as connection:
        connection.execute(CHUNK.delete())
    result = performer.perform(house.must_claim(), Held(uuid.uuid4()))
    assert isinstance(result.outcome, Failed)
    assert "is not there any more" in result.outcome.message


def uploaded(house: House, content: bytes) -> str:
    caller, received = house.caller("sarah-123"), uploads.receive(io.BytesIO(content), 1_000_000)
    with received.content:
        return uploads.keep(house.unit, house.files, caller, "values.yaml", received).upload_id
