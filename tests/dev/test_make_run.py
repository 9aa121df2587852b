"""The whole of `make run`, killed and started again. Slow: each start is a real one."""

import http.client
import signal

import pytest

from dev.processes import descendants
from tests.fixtures.running import RunningPortal


def status_of(portal, path, token):
    connection = http.client.HTTPConnection("127.0.0.1", portal.port, timeout=30)
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse().status
    connection.close()
    return answer


@pytest.fixture
def portal(open_folder):
    made = RunningPortal(open_folder).wait()
    yield made
    if made.process.poll() is None:
        made.stop()


@pytest.mark.timeout(300)  # a whole start, on a machine that is busy with the rest of the suite
def test_killed_with_9_it_leaves_nothing_but_its_data(portal, gone_within):
    portal.token("sarah-123")
    processes = descendants(portal.process.pid)
    portal.process.kill()
    portal.process.wait()
    assert gone_within(processes, 8) == []
    # This command knows only people who were there before, and starts the servers anew.
    issued = portal.command("flask", "--app", "app:create_app", "token", "issue", "--who", "sarah-123")
    assert issued.startswith("stratus_pat_")


def test_a_second_run_over_the_same_data_is_refused_and_harms_nothing(running_portal):
    second = RunningPortal(running_portal.home)
    assert second.process.wait(timeout=60) == 1
    assert "already uses" in second.output.read_text()
    assert status_of(running_portal, "/api/v1/health/ready", "none") == 200


def test_an_interrupt_stops_everything_in_order(open_folder, gone_within):
    portal = RunningPortal(open_folder)
    while not (processes := descendants(portal.process.pid)):
        assert portal.process.poll() is None
    portal.process.send_signal(signal.SIGTERM)
    assert portal.process.wait(timeout=15) == 0
    assert gone_within(processes, 1) == []


def test_a_token_is_the_only_thing_printed(running_portal):
    assert status_of(running_portal, "/api/v1/catalog/items", running_portal.token("carol-789")) == 200
