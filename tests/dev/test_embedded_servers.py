"""PostgreSQL and Valkey from wheels: data survives restarts, nothing survives its starter."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis

from dev import ports
from dev.embedded import owner as owners
from dev.embedded import servers as embedded
from dev.embedded.postgres import Postgres
from dev.errors import RefusedError
from dev.folder import ROOT
from tests.dev.conftest import needs_root

STARTER = """
import sys, time
from pathlib import Path
from dev import ports
from dev.embedded import servers
first = ports.choose()
pair = servers.make(Path(sys.argv[1]), {"postgres": first, "valkey": ports.choose([first])}, "pw", "pw", scratch=True)
pair.start()
print(*(child.pid for child in pair.children), flush=True)
time.sleep(60)
"""


def pair_in(folder, *, scratch=True):
    first = ports.choose()
    chosen = {"postgres": first, "valkey": ports.choose([first])}
    return embedded.make(folder, chosen, "secret", "secret", scratch=scratch)


@pytest.fixture
def pair(open_folder):
    pair = pair_in(open_folder)
    pair.start()
    yield pair
    pair.stop()


def test_data_survives_a_restart(open_folder):
    pair = pair_in(open_folder, scratch=False)
    pair.start()
    with psycopg.connect(pair.postgres.url()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    with redis.Redis.from_url(pair.valkey.url()) as client:
        client.set("answer", 42)
    pair.stop()
    pair.start()
    with psycopg.connect(pair.postgres.url()) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    with redis.Redis.from_url(pair.valkey.url()) as client:
        assert client.get("answer") == b"42"
    pair.stop()


def test_two_data_folders_live_side_by_side(pair, open_folder):
    other = pair_in(open_folder / "other")
    (open_folder / "other").mkdir()
    other.start()
    with psycopg.connect(pair.postgres.url()) as one, psycopg.connect(other.postgres.url()) as two:
        assert one.info.port != two.info.port
    other.stop()


def test_a_wrong_password_opens_nothing(pair):
    stranger = Postgres(pair.postgres.home, pair.postgres.port, "guessed")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(stranger.url())
    with redis.Redis(port=pair.valkey.port) as client, pytest.raises(redis.AuthenticationError):
        client.ping()


def test_no_password_is_on_a_command_line(pair):
    lines = [Path(f"/proc/{child.pid}/cmdline").read_text() for child in pair.children]
    assert not any(pair.valkey.password in line for line in lines)


def test_servers_die_when_their_starter_is_killed(open_folder, gone_within):
    starter = subprocess.Popen([sys.executable, "-c", STARTER, open_folder], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with starter:
        pids = [int(pid) for pid in starter.stdout.readline().split()]
        starter.kill()
    assert len(pids) == 2
    assert gone_within(pids, 8) == []


def test_a_pid_file_that_names_a_stranger_does_not_keep_postgresql_from_starting(pair):
    pair.stop()
    note = pair.postgres.real / "data" / "postmaster.pid"
    note.write_text(f"{os.getpid()}\n{note.parent}\n")
    pair.start()
    assert pair.postgres.ready(pair.children[0].pid)


def test_an_interrupted_first_start_is_begun_anew(open_folder):
    side = open_folder / "postgres" / "data.new"
    side.mkdir(parents=True)
    (side / "half").touch()
    pair = pair_in(open_folder)
    pair.start()
    pair.stop()
    assert not side.exists()


@needs_root
def test_root_runs_postgresql_as_the_owner_of_its_files(open_folder):
    os.chown(open_folder, 65534, 65534)
    assert owners.choose(open_folder / "postgres").uid == 65534


@needs_root
def test_root_never_runs_postgresql_as_root(open_folder):
    assert owners.choose(open_folder / "postgres").uid > 0


@needs_root
def test_data_in_a_closed_home_lies_outside_behind_a_link(open_folder, monkeypatch):
    monkeypatch.setattr(owners, "SYSTEM_FOLDER", open_folder / "system")
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    pair = pair_in(closed)
    pair.start()
    pair.stop()
    assert (closed / "postgres").readlink().parent == open_folder / "system"
    assert closed.stat().st_mode & 0o777 == 0o700


@needs_root
def test_a_link_to_data_that_is_gone_is_refused(open_folder):
    (open_folder / "postgres").symlink_to("/no/such/folder")
    with pytest.raises(RefusedError, match="`make clean` starts afresh"):
        pair_in(open_folder).start()
