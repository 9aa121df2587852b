"""The commands of the Makefile, and what the portal says when it is up."""

import re
import subprocess

import pytest
from sqlalchemy import Engine

from app.extensions import db
from app.identity import people, tokens
from config import Settings
from dev import mint
from dev.accounts import ACCOUNTS
from dev.banner import ready_text
from dev.environment import Environment
from dev.folder import ROOT, DataFolder

COMMANDS = ("run", "test", "pictures", "chaos", "bench", "check", "token", "migrate", "catalog", "lock", "clean", "help")


def test_help_tells_each_command_in_one_line():
    listed = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert sorted(re.findall(r"^  make (\w+)\t\S", listed, re.MULTILINE)) == sorted(COMMANDS)


def test_continuous_integration_runs_exactly_make_test():
    assert (ROOT / ".ci" / "run").read_text().splitlines()[-1] == "exec make test"


def test_the_portal_says_where_to_look_and_who_there_is(tmp_path):
    folder = DataFolder(tmp_path)
    folder.make()
    text = ready_text(Environment(folder, folder.secrets(), {}, 8123, {}))
    assert "http://127.0.0.1:8123/api/docs" in text
    assert all(user_id in text for user_id in ACCOUNTS)


def test_a_token_is_minted_before_the_first_sign_in(app, database: Engine, settings: Settings):
    token = mint.mint("sarah-123", settings)
    with app.app_context():
        found = people.find(db.session, settings.oidc_issuer, "sarah-123", settings.admin_team)
        assert found.person.teams == {"customer-experience"}
    assert tokens.looks_like_one(token)


def test_a_token_for_nobody_names_who_there_is(monkeypatch):
    monkeypatch.setenv("WHO", "stranger")
    with pytest.raises(SystemExit, match="with one of sarah-123, bob-456"):
        mint.main()
