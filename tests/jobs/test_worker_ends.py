"""Worker processes that are told to go, told to stop, or killed, and turns that hold across them: for real."""

import shlex
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.models.tables import WORKER
from app.steps.terraform import program
from dev import terraform_shim
from tests.fixtures.house import House, item, terraform
from tests.jobs.conftest import Outside, Workers, ends_as, until
from tests.steps.processes import alive

SLOW = """#!/bin/sh
case "$*" in *plan*) touch {begun}; while [ ! -e {go} ]; do sleep 0.1; done;; esac
exec {real} "$@"
"""
"""A Terraform that takes its time over the plan: nothing is built before it goes on."""


def post(outside: Outside, name: str, path: str, **more: str) -> str:
    keys = "".join(f", {key}: {value}" for key, value in more.items())
    return f"- {{name: {name}, type: HttpPost, template: {{url: '{outside.url(path)}', idempotent: true}}{keys}}}"


@dataclass
class SlowTerraform:
    """A program in Terraform's place; `begun` is there when it has come to the plan, and it goes on when `go` is."""

    program: Path
    begun: Path
    go: Path


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[SlowTerraform]:
    here = SlowTerraform(tmp_path / "slow-terraform", tmp_path / "begun", tmp_path / "go")
    found = program.find(terraform_shim.binary())
    assert found is not None
    here.program.write_text(SLOW.format(begun=here.begun, go=here.go, real=shlex.join(found)))
    here.program.chmod(0o755)
    yield here
    here.go.touch()
    until(lambda: not alive(str(here.program)))


def test_a_worker_told_to_go_hands_back_what_cannot_end_in_time(house: House, workers: Workers, slow: SlowTerraform) -> None:
    house.offer(thing=item(terraform("make")))
    worker = workers.start(TERRAFORM_BINARY=shlex.quote(str(slow.program)), STOP_GRACE_SECONDS="0.2")
    made = house.order("thing")
    until(slow.begun.exists)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(45) == 0
    assert (house.statuses(), house.tickets(), alive(str(slow.program))) == ({"make": "ready"}, [], [])
    workers.start(TERRAFORM_BINARY=terraform_shim.binary())
    ends_as(house, made.request_id, "completed")
    first, second = house.attempts("make")
    assert (first.worker != second.worker, first.idempotency_key) == (True, second.idempotency_key)


def test_a_cancel_reaches_what_runs_with_the_next_heartbeat(house: House, workers: Workers, slow: SlowTerraform) -> None:
    house.offer(thing=item(terraform("make")))
    workers.start(TERRAFORM_BINARY=shlex.quote(str(slow.program)))
    made = house.order("thing")
    until(slow.begun.exists)
    house.cancel(made.request_id)
    ends_as(house, made.request_id, "cancelled")
    assert (house.statuses(), house.tickets()) == ({"make": "cancelled"}, [])
    until(lambda: not alive(str(slow.program)))


def test_a_step_that_takes_three_workers_with_it_goes_to_a_person(house: House, outside: Outside, workers: Workers) -> None:
    house.offer(thing=item(post(outside, "make", "held")))
    made = house.order("thing")
    for deaths in range(1, 4):
        worker = workers.start()
        until(lambda calls=deaths: len(outside.seen) == calls)
        worker.send_signal(signal.SIGKILL)
        worker.wait(10)
    workers.start()
    ends_as(house, made.request_id, "awaiting_manual")
    (ticket,) = house.tickets()
    assert (ticket.ticket_type, len(outside.seen), len({key for _, key in outside.seen})) == ("unknown", 3, 1)


def test_a_rolling_restart_loses_nothing_and_repeats_nothing(house: House, outside: Outside, workers: Workers) -> None:
    chain = [post(outside, "one", "one"), post(outside, "two", "two", depends_on="[one]")]
    house.offer(thing=item("\n".join(chain)))
    old = [workers.start(), workers.start()]
    until(lambda: len(house.rows(WORKER.select())) == 2)
    made = [house.order("thing").request_id for _ in range(20)]
    for worker in old:
        workers.start()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(45) == 0
    for request_id in made:
        ends_as(house, request_id, "completed")
    assert len(outside.seen) == len({key for _, key in outside.seen}) == 40


def test_a_limit_holds_across_two_workers(house: House, outside: Outside, workers: Workers) -> None:
    house.offer(thing=item(post(outside, "make", "held"), extra="limits: {concurrent: 1}"))
    for _ in range(2):
        workers.start()
    made = [house.order("thing").request_id for _ in range(3)]
    until(lambda: len(outside.seen) == 1)
    time.sleep(2)
    assert (len(outside.seen), [house.request(one).admitted for one in made]) == (1, [True, False, False])
    outside.hold.set()
    for request_id in made:
        ends_as(house, request_id, "completed")
    assert len(outside.seen) == 3
