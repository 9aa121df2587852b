"""Watches a request until it has ended: its lines in place on a terminal, a line for each change anywhere else."""

import shutil
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from stratus_cli.exits import Exit, Stop
from stratus_cli.portal import NoStream, Portal, path
from stratus_cli.text import clean, width

WAIT = 25
SLACK = 20.0
"""Seconds that an answer may come late, before the portal counts as away."""
SILENCE = 35.0
"""Seconds without a sign of life, which comes every 15, after which a stream counts as cut off."""
MOST_IDLE = 3
"""How often in a row a stream may end without having told anything new."""
GENTLE = 0.3
PATIENCE = 300.0
"""Seconds for which a portal that was there may be away."""
ENDED = frozenset({"completed", "failed", "cancelled", "rejected", "rolled_back"})
COLOURS = {"completed": "green", "failed": "red", "cancelled": "red", "rejected": "red", "indeterminate": "magenta",
           "running": "cyan", "waiting": "yellow", "awaiting_manual": "yellow", "pending_approval": "yellow",
           "needs_info": "yellow", "in_progress": "cyan"}  # fmt: skip

Request = Mapping[str, Any]


def follow(portal: Portal, request_id: str, show: Callable[[Request], None], seconds: float | None = None) -> Request:
    """Show the request now and whenever it changes, until it has ended; as it is then.

    seconds: how long at most. Raises Stop, with `UNFINISHED` when they are over.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    for request in _changes(portal, request_id, deadline):
        show(request)
        if request["status"] in ENDED:
            return request
    raise Stop(Exit.UNFINISHED, f"{request_id} is still under way; it goes on.")


def outcome(request: Request) -> int:
    """The exit code of a request that has ended."""
    return 0 if request["status"] == "completed" else int(Exit.FAILED)


def _changes(portal: Portal, request_id: str, deadline: float | None) -> Iterator[Request]:
    where, after, away_since = path("requests", request_id), None, None
    stream: _Stream | None = _Stream(portal, f"{where}/stream")
    while True:
        began = time.monotonic()
        if stream is not None and after is not None and not stream.wait(after, deadline):
            stream = None  # From here on with calls that wait, which get through everywhere.
        left = WAIT if deadline is None else min(WAIT, max(0, round(deadline - time.monotonic())))
        asked: dict[str, Any] = {} if stream is not None or after is None else {"wait": left or None, "after": after}
        try:
            request = portal.get(where, asked, patience=WAIT + SLACK)
        except Stop as stop:
            away_since = away_since or began
            if stop.code != Exit.AWAY or after is None or time.monotonic() - away_since > PATIENCE:
                raise
            continue
        away_since = None
        if request["last_event"] != after:
            yield request
        after = request["last_event"]
        if deadline is not None and time.monotonic() >= deadline:
            return
        # A portal without room for waiting answers at once: it is not asked more often than a person would look.
        time.sleep(max(0.0, GENTLE - (time.monotonic() - began)))


class _Stream:
    """What happens to a request, told as it happens; opened anew where it was cut off."""

    def __init__(self, portal: Portal, where: str) -> None:
        self._portal, self._where = portal, where
        self._told: Generator[int, None, None] | None = None
        self._idle = 0

    def wait(self, after: int, deadline: float | None) -> bool:
        """Wait for news behind the event `after`, or the deadline; False where nothing is streamed, or nothing gets through.

        True says that it is time to look: something was told, or the stream ended, as it does when the request has.
        """
        began = time.monotonic()
        left = SILENCE if deadline is None else max(0.1, deadline - began)
        try:
            if self._told is None:
                self._told = self._portal.events(self._where, after, min(SILENCE, left))
            for number in self._told:
                if number > after:
                    self._idle = 0
                    return True
                if left < SILENCE and time.monotonic() - began > 1:
                    break  # Opened anew, it waits no longer than what is left.
        except Stop as stop:
            if stop.code != Exit.AWAY:
                raise
        except NoStream:
            return False
        if self._told is not None:
            self._told.close()
        self._told, self._idle = None, self._idle + 1
        return self._idle <= MOST_IDLE


class Lines:
    """Says each change in a line: for logs, pipes and screen readers."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}

    def __call__(self, request: Request) -> None:
        """Say what is new."""
        rows = [(step["step_id"], clean(step["title"]), step["status"]) for step in request["fulfillment"]["steps"]]
        for key, title, status in [*rows, (request["request_id"], clean(request["title"]), request["status"])]:
            if self._seen.get(key) != status:
                self._seen[key] = status
                click.echo(f"{datetime.now().astimezone():%H:%M:%S}  {key}  {title}: {spoken(status)}")
        sys.stdout.flush()


class InPlace:
    """Draws the request over what was drawn before."""

    def __init__(self) -> None:
        self._drawn = 0

    def __call__(self, request: Request) -> None:
        """Draw it as it is now."""
        size = shutil.get_terminal_size()
        lines = drawn(request)[: max(1, size.lines - 2)]
        if self._drawn:
            # Not by click: where colours are not wanted it would take the way up away as well.
            sys.stdout.write(f"\x1b[{self._drawn}A\x1b[J")
        for text, status in lines:
            click.secho(text[: size.columns - 1], fg=COLOURS.get(status))
        self._drawn = len(lines)


def presenter() -> Callable[[Request], None]:
    """The way that suits where the output goes."""
    return InPlace() if sys.stdout.isatty() else Lines()


def drawn(request: Request) -> list[tuple[str, str]]:
    """The lines of a request, each with the status that colours it."""
    steps: Sequence[Request] = request["fulfillment"]["steps"]
    head = f"{request['request_id']}  {clean(request['title'])}: {spoken(request['status'])}"
    widest = max((width(clean(step["title"])) for step in steps), default=0)
    rows = [
        (f"  {clean(step['title'])}{' ' * (widest - width(clean(step['title'])))}  {spoken(step['status'])}", step["status"])
        for step in steps
    ]
    why = [(f"  {clean(str(request['failure']))}", "failed")] if request.get("failure") else []
    return [(head, request["status"]), *rows, *why]


def spoken(status: str) -> str:
    """A status as people say it."""
    return status.replace("_", " ")
