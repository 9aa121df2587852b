"""What every command has: which portal, whose token, how to show what comes of it."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import click

from stratus_cli import home
from stratus_cli.exits import Exit, Stop
from stratus_cli.portal import Portal, address
from stratus_cli.text import table

P = ParamSpec("P")
R = TypeVar("R")

DEFAULT_URL = "http://127.0.0.1:8000"


@dataclass(slots=True)
class Session:
    """The options of the command line. `portal` finds the token with the first call that needs one."""

    url: str | None
    token: str | None
    json: bool
    patience: float

    @property
    def address(self) -> str:
        """The portal that is meant: of `--url`, else the one signed in to last, else one on this machine."""
        return address(self.url or home.load().current or DEFAULT_URL)

    def portal(self) -> Portal:
        """The portal, called as whoever signed in. Raises Stop for nobody."""
        where = self.address
        token = self.token or home.load().portals.get(where, {}).get("token")
        if not token:
            raise Stop(Exit.REFUSED, f"You are not signed in to {where}: run `stratus login`, or set STRATUS_TOKEN.")
        return Portal(where, token, self.patience)

    def show(self, document: Any, lines: Callable[[], Iterable[str]]) -> None:
        """Show what the portal said as it is, or as lines for people."""
        if self.json:
            click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        else:
            for line in lines():
                click.echo(line)

    def show_rows(self, document: Any, head: Sequence[str], rows: Iterable[Sequence[Any]], empty: str) -> None:
        """Show a list as a table, or say that it is empty."""
        listed = list(rows)
        self.show(document, lambda: table(head, listed) if listed else [empty])


def command(
    function: Callable[Concatenate[Session, P], R],
) -> Callable[P, R]:
    """Give a command its session. Its own `-o` wins over that of the program."""

    @click.option("-o", "--output", type=click.Choice(["table", "json"]), help="How to show it.")
    @click.pass_context
    @wraps(function)
    def called(context: click.Context, /, *args: P.args, **more: P.kwargs) -> R:
        session: Session = context.find_root().obj
        chosen = more.pop("output", None)
        if chosen is not None:
            session.json = chosen == "json"
            context.find_root().meta["output"] = chosen
        return function(session, *args, **more)

    return called


def pages(portal: Portal, where: str, key: str, params: Mapping[str, Any], most: int) -> dict[str, Any]:
    """The first `most` members of a list, page by page, as one document of the same shape."""
    found: list[Any] = []
    cursor = None
    while True:
        size = min(most - len(found), 100)
        page = portal.get(where, {**params, "limit": size, "cursor": cursor})
        found += page[key]
        cursor = page["pagination"]["next_cursor"]
        if cursor is None or len(found) >= most:
            return {**page, key: found}


def confirmed(question: str, yes: bool) -> None:
    """Ask, unless somebody said yes before. Raises Abort for no, and Stop where nobody can be asked."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Stop(Exit.INVALID, "There is no terminal to ask whether to do it: add --yes.")
    click.confirm(question, default=True, abort=True)


def environment(name: str) -> str | None:
    """A variable of the environment; an empty one is none."""
    return os.environ.get(name) or None
