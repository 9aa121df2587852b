"""A request's page in a browser: live, through restarts, without streams, and with a log that grows."""

import os
import re
import signal
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Page, expect

from dev import environment
from dev.folder import DataFolder
from dev.processes import descendants
from tests.browser.ordering import order
from tests.browser.visitor import Visitor
from tests.fixtures.running import RunningPortal

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
Visit = Callable[..., Visitor]
Behave = Callable[..., None]
OUTAGE = re.compile(r"Failed to load resource|net::ERR_|htmx:error")
"""What a browser complains of while a server is not there."""


@pytest.fixture
def kill(running_portal: RunningPortal) -> Callable[[str], None]:
    """Kills the processes of the portal that run a module, as nobody wishes for; the supervisor starts them again."""

    def kill(module: str) -> None:
        found = [pid for pid in descendants(running_portal.process.pid) if f"-m\0{module}\0" in _command(pid)]
        assert found
        for pid in found:
            os.kill(pid, signal.SIGKILL)

    return kill


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode() + "\0"
    except OSError:
        return ""


@pytest.fixture
def ledger(running_portal: RunningPortal) -> Iterator[psycopg.Connection]:
    """The portal's database."""
    servers = environment.load(DataFolder(running_portal.home / "data")).servers()
    assert servers.postgres is not None
    with psycopg.connect(servers.postgres.url(), autocommit=True) as connection:
        yield connection


def way(visitor: Visitor, words: str) -> None:
    """Wait until the page says how it is connected."""
    expect(visitor.page.locator("#connection")).to_have_text(words, timeout=20_000)


def ordered(visit: Visit, database: str) -> Visitor:
    """Sarah, in front of an order of hers that goes on for a while."""
    sarah = visit("sarah-123").sign_in()
    order(sarah, database)
    return sarah


def test_a_page_survives_that_its_servers_are_killed_and_misses_nothing(visit: Visit, behave: Behave, kill):
    behave("github", "delay", seconds=12)
    sarah = ordered(visit, "restart_db")
    way(sarah, "Live")
    kill("app.stream")
    way(sarah, "Reconnecting")
    way(sarah, "Live")
    kill("gunicorn")
    sarah.sees("customer-portal is ready")
    assert [one for one in sarah.troubles if not OUTAGE.search(one)] == []
    sarah.troubles.clear()
    seen = sarah.page.get_by_role("complementary").inner_text()
    sarah.page.reload()
    assert sarah.page.get_by_role("complementary").inner_text() == seen


def test_news_are_seen_at_once(visit: Visit, behave: Behave, ledger: psycopg.Connection):
    behave("github", "delay", seconds=8)
    sarah = ordered(visit, "at_once_db")
    way(sarah, "Live")
    sarah.sees("Monitoring is running")
    sarah.page.evaluate("window.stayed = true")
    sarah.sees("customer-portal is ready")
    assert sarah.page.evaluate("window.stayed")
    expect(sarah.page.locator("#connection")).to_have_count(0)
    ended = ledger.execute("SELECT max(completed_at) FROM service_requests").fetchone()
    assert ended is not None
    assert time.time() - ended[0].timestamp() < 5


def test_a_page_whose_stream_does_not_get_through_asks_instead(visit: Visit, behave: Behave):
    behave("github", "delay", seconds=8)
    sarah = visit("sarah-123").sign_in()
    sarah.page.route(re.compile(r"/stream\?"), lambda route: route.abort())
    order(sarah, "polling_db")
    way(sarah, "Polling")
    sarah.look("request-polling")
    sarah.sees("customer-portal is ready")
    assert [one for one in sarah.troubles if not OUTAGE.search(one)] == []
    sarah.troubles.clear()


SOCKET = """
async (request) => {
  const form = new FormData();
  form.set("csrf_token", document.querySelector("[name=csrf_token]").value);
  const given = await (await fetch(`${request}/ticket`, { method: "POST", body: form })).json();
  const socket = new WebSocket(`${request.replace(/^http/, "ws")}/ws?ticket=${given.ticket}&after=0`);
  const told = [];
  socket.onmessage = (event) => told.push(JSON.parse(event.data));
  const end = await new Promise((resolve) => { socket.onclose = resolve; });
  return { told, code: end.code };
}
"""
STREAM = """
(request) => new Promise((resolve) => {
  const told = [];
  const source = new EventSource(`${request}/stream?after=0`);
  source.onmessage = (event) => told.push(JSON.parse(event.data));
  source.onerror = () => { if (source.readyState === EventSource.CLOSED) resolve(told); };
})
"""


def test_a_browser_hears_one_story_over_a_socket_and_a_stream(visit: Visit, behave: Behave):
    behave("github", "delay", seconds=4)
    sarah = ordered(visit, "two_ways_db")
    request = sarah.page.url
    socket: Any = sarah.page.evaluate(SOCKET, request)
    assert (socket["told"][-1]["kind"], socket["code"]) == ("request.completed", 1000)
    assert sarah.page.evaluate(STREAM, request) == socket["told"]
    assert [event["number"] for event in socket["told"]] == list(range(1, len(socket["told"]) + 1))


def write(ledger: psycopg.Connection, first: int, many: int) -> None:
    """What a worker does whose step has a lot to say, and waits."""
    ledger.execute(
        """
        INSERT INTO step_logs (step_id, attempt_number, number, line)
        SELECT id, attempt, number, 'line ' || number FROM request_steps, generate_series(%s::int, %s::int) AS number
        WHERE step_name = 'setup_monitoring' AND status = 'waiting'
        """,
        (first, first + many - 1),
    )


def shown(page: Page) -> list[int]:
    """The numbers of the lines of the log that the page shows."""
    return [int(text) for text in page.locator("#live [data-log] li > span:first-child").all_inner_texts()]


def test_a_log_is_followed_paged_back_and_stays_where_the_reader_scrolled(
    visit: Visit, behave: Behave, ledger: psycopg.Connection, running_portal: RunningPortal
):
    behave("github", "delay", seconds=60)
    sarah = ordered(visit, "long_log_db")
    page = sarah.page
    expect(page.get_by_role("heading", name="Log of Monitoring")).to_be_visible(timeout=60_000)
    log = page.locator("#live [data-log]")
    write(ledger, 1001, 300)
    expect(log).to_contain_text("line 1300")
    page.reload()
    expect(log).to_contain_text("line 1300")
    expect(log).not_to_contain_text("line 1100")
    page.get_by_role("link", name="Earlier lines").click()
    expect(log).to_contain_text("line 1001")

    log.evaluate("box => { box.scrollTop = -400 }")
    expect(page.get_by_role("button", name="Jump to the newest line")).to_be_visible()
    where = log.evaluate("box => box.scrollTop")
    write(ledger, 1301, 50)
    expect(log).to_contain_text("line 1350")
    assert log.evaluate("box => box.scrollTop") < where + 5
    page.get_by_role("button", name="Jump to the newest line").click()
    expect(page.get_by_role("button", name="Jump to the newest line")).to_be_hidden()
    assert log.evaluate("box => box.scrollTop") == 0
    numbers = shown(page)
    assert numbers == sorted(set(numbers))
    assert numbers[-350:] == list(range(1001, 1351))
    sarah.look("request-log")
    cancel(running_portal, page.url.rpartition("/")[2])


def cancel(portal: RunningPortal, request_id: str) -> None:
    url = f"{portal.url}/api/v1/requests/{request_id}/cancel"
    headers = {"Authorization": f"Bearer {portal.token('sarah-123')}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, b'{"reason": "enough was seen"}', headers, method="POST")
    urllib.request.urlopen(request, timeout=20).close()
