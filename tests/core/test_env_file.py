"""Outputs as lines that shells and readers of `.env` files take."""

import subprocess

import pytest

from app.core.env_file import env_file, env_name

AWKWARD = ["plain", "two words", "it's $HOME", 'a "quoted" `word`', "back\\slash", "$(reboot)", "", "#no comment", "a=b"]


@pytest.mark.parametrize(
    ("group", "name", "expected"),
    [
        ("postgres", "connection_string", "POSTGRES_CONNECTION_STRING"),
        ("", "address", "ADDRESS"),
        ("eks_app", "url-2", "EKS_APP_URL_2"),
        ("", "2nd", "_2ND"),
    ],
)
def test_names(group, name, expected):
    assert env_name(group, name) == expected


@pytest.mark.parametrize("value", AWKWARD)
def test_a_shell_reads_the_value_back(value):
    script = env_file([("", "it", value)]) + 'printf %s "$IT"'
    assert subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout == value


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (5432, "IT='5432'"),
        (True, "IT='true'"),
        (None, "IT=''"),
        ({"a": [1]}, """IT='{"a":[1]}'"""),
        ("two\nlines", r'IT="two\nlines"'),
        ("********", "# IT is sensitive: ask for it to be revealed"),
    ],
)
def test_lines(value, line):
    assert env_file([("", "it", value)]) == f"{line}\n"
