"""Signing the command line in by device code: the development provider from outside, and the portal that says where it is."""

import re
import threading
import time

import pytest
import requests
from werkzeug.serving import make_server

from dev.device import COMMAND_LINE, GRANT
from tests.fixtures.program import Program

ASKED = {"client_id": COMMAND_LINE, "scope": "openid profile email groups"}


@pytest.fixture
def grant(provider):
    return requests.post(f"{provider.url}/device-authorization", data=ASKED, timeout=5).json()


@pytest.fixture
def poll(provider, grant):
    """What the provider says to the program now; `poll(client_id="…")` asks as another one."""

    def ask(**changes):
        form = {"grant_type": GRANT, "device_code": grant["device_code"], "client_id": COMMAND_LINE, **changes}
        return requests.post(f"{provider.url}/token", data=form, timeout=5).json()

    return ask


def confirm(grant, account="sarah-123", code=None):
    form = {"user_code": code or grant["user_code"], "account": account}
    return requests.post(grant["verification_uri"], data=form, timeout=5)


def test_a_code_that_was_confirmed_gives_an_access_token_once(grant, poll):
    assert "signed in as Sarah" in confirm(grant, code=grant["user_code"].lower()).text
    assert poll().keys() >= {"access_token", "token_type"}
    assert poll()["error"] == "invalid_request"


def test_a_code_that_nobody_has_looked_at_is_pending(grant, poll):
    assert poll()["error"] == "authorization_pending"


def test_a_program_that_hurries_is_slowed_down(grant, poll):
    poll()
    assert poll()["error"] == "slow_down"


def test_a_code_that_was_refused_gives_nothing(grant, poll):
    assert "refused" in confirm(grant, account="").text
    assert poll()["error"] == "access_denied"


def test_a_code_has_an_end(provider, grant, poll):
    for device in provider.house.devices.values():
        device.ends = time.time() - 1
    assert confirm(grant).status_code == 404
    assert poll()["error"] == "expired_token"


def test_an_unknown_code_confirms_nothing(grant, poll):
    assert confirm(grant, code="BBBB-BBBB").status_code == 404
    assert poll()["error"] == "authorization_pending"


def test_the_portals_own_client_and_strangers_get_no_device_token(grant, poll):
    confirm(grant)
    assert {poll(client_id=other)["error"] for other in ("stratus", "somebody")} == {"invalid_client"}


def test_the_page_carries_the_code_that_its_address_names(grant):
    page = requests.get(grant["verification_uri_complete"], timeout=5).text
    assert f'value="{grant["user_code"]}"' in page


def test_the_portal_says_who_issues_tokens(portal, provider):
    told = portal.test_client().get("/.well-known/oauth-protected-resource").json
    assert told["authorization_servers"] == [provider.url]
    assert "stratus_cli_client_id" not in told


@pytest.fixture
def program(make_portal, tmp_path):
    """The command line of nobody yet, in front of a portal that names its client."""
    server = make_server("127.0.0.1", 0, make_portal(oidc_cli_client_id=COMMAND_LINE), threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield Program(tmp_path / "home", f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    thread.join()
    server.server_close()


def presses(provider, account):
    """A person who presses a button as soon as a code is out."""

    def press():
        while not provider.house.devices:
            time.sleep(0.02)
        (device,) = provider.house.devices.values()
        device.user_id = account

    return threading.Thread(target=press)


def test_the_command_line_signs_in_and_out_by_device(program, provider):
    person = presses(provider, "sarah-123")
    person.start()
    ran = program("login", "--device")
    person.join()
    assert ran.code == 0, ran.err
    assert re.search(rf"Open {provider.url}/device and enter the code \w{{4}}-\w{{4}}", ran.err)
    assert "customer-experience" in program("whoami").out
    assert program("logout").out.endswith("The token is revoked.\n")
    assert program("whoami").code == 3


def test_whoever_refuses_is_not_signed_in(program, provider):
    person = presses(provider, "")
    person.start()
    ran = program("login", "--device")
    person.join()
    assert (ran.code, "Nobody was signed in" in ran.err) == (3, True)


def test_a_portal_that_names_no_client_says_what_to_give(served, tmp_path):
    ran = Program(tmp_path, served)("login", "--device")
    assert (ran.code, "--client-id" in ran.err) == (2, True)


def test_a_provider_that_is_away_is_said_so(program, provider):
    provider.down = True
    assert program("login", "--device").code == 2
    assert program("login", "--device", "--issuer", "http://127.0.0.1:9", "--client-id", "x").code == 6
