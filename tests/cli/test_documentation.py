"""What the pages say of the command line is so: every command and option that they name is there."""

import re
import shlex

import click
import pytest

from config import HERE
from stratus_cli.exits import Exit
from stratus_cli.main import cli

PAGES = [HERE / "docs" / "ordering.md", HERE / "cli" / "README.md"]
TYPED = re.compile(r"^(?:\$ |    )(stratus .*)$", re.MULTILINE)
SPAN = re.compile(r"`(stratus [^`]+)`")


def typed():
    for page in PAGES:
        text = page.read_text()
        yield from (pytest.param(line, id=line) for line in dict.fromkeys([*TYPED.findall(text), *SPAN.findall(text)]))


def commands(group, path=()):
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


@pytest.mark.parametrize("line", list(typed()))
def test_what_is_typed_on_a_page_can_be_typed(line):
    words = shlex.split(line.partition(" > ")[0])[1:]
    context = cli.make_context("stratus", words) if words[0] != "COMMAND" else None
    while context is not None and isinstance(context.command, click.Group):
        name, command, rest = context.command.resolve_command(context, [*context._protected_args, *context.args])
        context = command.make_context(name, rest, parent=context)


def test_every_command_stands_on_the_page():
    text = (HERE / "docs" / "ordering.md").read_text()
    assert [name for name, _ in commands(cli) if f"`{name}`" not in text] == []


def test_every_command_and_option_says_what_it_does():
    silent = [name for name, command in commands(cli) if not command.help]
    silent += [
        f"{name} {option.opts[0]}"
        for name, command in commands(cli)
        for option in command.params
        if isinstance(option, click.Option) and not option.help
    ]
    assert silent == []


def test_help_and_page_list_every_exit_code():
    page = (HERE / "docs" / "ordering.md").read_text().rpartition("Exit codes:")[2]
    for code in Exit:
        assert re.search(rf"^  {code:d}  ", cli.help, re.MULTILINE)
        assert re.search(rf"\b{code:d} ", page)
