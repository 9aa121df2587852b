"""The program as people install it: how it starts, ends, and says that the portal is away or is none."""

import json
import socket
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.fixtures.program import PROGRAM, Program


class Other(BaseHTTPRequestHandler):
    """A server that is not Stratus, or one that is in trouble: answers what it was told, in order, the last one for ever."""

    answers: list[tuple[int, dict[str, str], bytes]] = []
    heard: list[tuple[str, str | None]] = []

    def do_GET(self):
        self.heard.append((self.command, self.headers.get("Idempotency-Key")))
        status, headers, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_):
        pass


JSON = {"Content-Type": "application/json"}
AWAY = (503, {**JSON, "Retry-After": "0"}, json.dumps({"status": 503, "detail": "Nothing was lost."}).encode())
MADE = (201, JSON, json.dumps({"request_id": "req-1", "status": "submitted"}).encode())
GOOD = {
    "valid": True, "errors": [], "version": "1", "values": {}, "selected": {}, "versions": {}, "steps": [], "checks": [],
    "catalog_item": "x",
}  # fmt: skip
REVIEW = (200, JSON, json.dumps(GOOD).encode())


@pytest.fixture
def other(tmp_path):
    """`other((503, {}, b""))` is a program in front of such a server; `other.heard` what the server heard."""
    server = HTTPServer(("127.0.0.1", 0), type("Told", (Other,), {"heard": []}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()

    def answering(*answers):
        server.RequestHandlerClass.answers = list(answers)
        return Program(tmp_path, f"http://127.0.0.1:{server.server_port}", "stratus_pat_x")

    answering.heard = server.RequestHandlerClass.heard
    yield answering
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr("stratus_cli.portal.PAUSES", (0.0, 0.0, 0.0))


def test_the_installed_program_runs(sarah):
    assert json.loads(sarah.outside("whoami", "-o", "json").out)["user_id"] == "sarah-123"


def test_help_lists_the_exit_codes(alone):
    ran = alone("--help")
    assert (ran.code, "6  the portal does not answer" in ran.out) == (0, True)


def test_a_wrong_command_or_option_is_wrong_use(alone):
    assert [alone(*words).code for words in (["no-such"], ["status"], ["catalog", "list", "--no-such"])] == [2, 2, 2]


def test_a_portal_that_is_not_there_is_said_so(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        ran = Program(tmp_path, f"http://127.0.0.1:{taken.getsockname()[1]}", "stratus_pat_x")("whoami")
    assert (ran.code, "does not answer" in ran.err) == (6, True)


@pytest.mark.parametrize(
    "answer",
    [
        (200, {"Content-Type": "text/html"}, b"<h1>Hello</h1>"),
        (302, {"Location": "https://elsewhere.example.com/"}, b""),
        (200, JSON, b"not json"),
        (500, {"Content-Type": "text/html"}, b"Oh no"),
    ],
)
def test_a_server_that_is_not_stratus_is_said_so(other, answer):
    ran = other(answer)("whoami")
    assert (ran.code, "is the URL right?" in ran.err) == (6, True)


def test_reading_is_tried_again_while_the_portal_is_away(other):
    me = {"user_id": "sarah-123", "name": "Sarah", "email": None, "teams": [], "is_admin": False}
    assert other(AWAY, AWAY, (200, JSON, json.dumps(me).encode()))("whoami").code == 0


def test_a_portal_that_stays_away_ends_with_its_words(other):
    ran = other(AWAY)("whoami")
    assert (ran.code, "Nothing was lost." in ran.err, len(other.heard)) == (6, True, 4)


def test_what_is_not_safe_is_not_repeated(other):
    assert other(AWAY)("retry", "req-1").code == 6
    assert other.heard == [("POST", None)]


def test_an_order_is_sent_again_under_one_key(other):
    ran = other(REVIEW, AWAY, AWAY, MADE)("order", "--file", "-", "--yes", stdin='{"catalog_item": "x"}')
    keys = [key for _, key in other.heard[1:]]
    assert (ran.code, len(keys), len(set(keys)), None in keys) == (0, 3, 1, False)


def test_an_order_of_which_nobody_knows_says_how_to_find_out(other):
    ran = other(REVIEW, AWAY)("order", "--file", "-", "--yes", "--key", "k-1", stdin='{"catalog_item": "x"}')
    assert (ran.code, "--key k-1" in ran.err) == (6, True)


def test_a_problem_is_json_where_json_is_asked_for(sarah):
    ran = sarah("-o", "json", "status", "req-20250816-abc123")
    assert (ran.code, json.loads(ran.err)["code"], ran.out) == (4, "not_found", "")


def test_a_reader_that_has_enough_is_no_mistake(sarah, synced_catalog):
    shell = f"{PROGRAM} catalog show full-stack-web-app | head -1"
    done = subprocess.run(shell, shell=True, env=sarah.environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
