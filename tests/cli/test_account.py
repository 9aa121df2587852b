"""Signing in and out: where the token is kept, who may read it, and where it is never sent."""

import json

import pytest

from tests.fixtures.program import Program


@pytest.fixture
def nobody(stratus):
    return stratus(None)


def kept(program):
    return program.home / "credentials.json"


def test_a_token_is_read_from_standard_input_and_kept_for_its_owner_alone(nobody, people):
    ran = nobody("login", "--token", "-", stdin=people.token_of("sarah-123") + "\n")
    assert (ran.code, "as Sarah (sarah-123)" in ran.out) == (0, True)
    assert (kept(nobody).stat().st_mode & 0o777, nobody.home.stat().st_mode & 0o777) == (0o600, 0o700)
    assert json.loads(nobody("whoami", "-o", "json").out)["user_id"] == "sarah-123"


def test_a_token_is_asked_for_at_a_terminal_and_never_shown(nobody, people, at_terminal):
    terminal = at_terminal(nobody, "login")
    terminal.answer(("Access token", people.token_of("sarah-123")))
    assert terminal.end() == 0
    assert "stratus_pat_" not in terminal.text


def test_the_portal_that_was_signed_in_to_last_is_meant_without_a_url(nobody, people, served):
    nobody("login", "--token", "-", stdin=people.token_of("sarah-123"))
    elsewhere = Program(nobody.home, "")
    assert served in elsewhere("whoami").out


def test_a_wrong_token_is_not_kept(nobody):
    ran = nobody("login", "--token", "-", stdin="stratus_pat_wrong")
    assert (ran.code, kept(nobody).exists()) == (3, False)
    assert "stratus login" in ran.err


def test_signing_out_forgets_the_token(nobody, people):
    nobody("login", "--token", "-", stdin=people.token_of("sarah-123"))
    assert nobody("logout").code == 0
    assert (nobody("whoami").code, "stratus_pat_" in kept(nobody).read_text()) == (3, False)


def test_signing_out_twice_is_no_mistake(nobody):
    assert nobody("logout").code == 0


def test_nobody_is_told_to_sign_in(nobody):
    ran = nobody("whoami")
    assert (ran.code, "stratus login" in ran.err) == (3, True)


def test_a_file_that_others_can_read_is_refused(nobody, people):
    nobody("login", "--token", "-", stdin=people.token_of("sarah-123"))
    kept(nobody).chmod(0o644)
    ran = nobody("whoami")
    assert (ran.code, "chmod 600" in ran.err) == (3, True)


def test_a_file_that_cannot_be_read_says_what_to_do(nobody):
    nobody.home.mkdir()
    kept(nobody).touch(0o600)
    assert "sign in again" in nobody("whoami").err


@pytest.mark.parametrize("url", ["http://stratus.example.com", "stratus.example.com", "https://me:secret@stratus.example.com"])
def test_a_token_goes_nowhere_where_others_could_read_it(alone, url):
    assert alone("--url", url, "whoami").code == 2


def test_a_token_is_kept_for_one_portal_and_not_sent_to_another(nobody, people):
    nobody("login", "--token", "-", stdin=people.token_of("sarah-123"))
    ran = nobody("--url", "https://stratus.example.com", "whoami")
    assert (ran.code, "not signed in to https://stratus.example.com" in ran.err) == (3, True)


def test_who_one_is(sarah):
    out = sarah("whoami").out
    assert "sarah-123" in out
    assert "customer-experience" in out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_learn_to_complete(alone, shell):
    ran = alone("completion", shell)
    assert (ran.code, "_STRATUS_COMPLETE" in ran.out) == (0, True)


def test_names_of_the_catalog_are_completed(sarah, synced_catalog):
    sarah.more = {"_STRATUS_COMPLETE": "bash_complete", "COMP_WORDS": "stratus order post", "COMP_CWORD": "2"}
    assert sarah().out == "plain,postgres-database\n"


def test_completion_is_silent_where_nobody_is_signed_in(nobody):
    nobody.more = {"_STRATUS_COMPLETE": "bash_complete", "COMP_WORDS": "stratus order post", "COMP_CWORD": "2"}
    ran = nobody()
    assert (ran.out.strip(), ran.err) == ("", "")
