"""Calls that wait: `wait=S` is answered when something has changed, or S seconds are over.

The streams' process keeps such a call, so that it costs no thread here. Where there is none, a few may wait in this process
and the others are answered at once: a portal whose threads all wait serves nobody.
"""

import threading
import time

from flask import Response, current_app, g, request

from app.api.correlation import request_id
from app.errors import Unavailable
from app.handover.door import Door, own_address, replay
from app.handover.message import Credential, Watch
from app.identity import current_person
from app.queries import live
from app.queries.live import Head
from app.reader import let_go, reader

LOOK_SECONDS = 0.25
_HERE = threading.Semaphore(2)


def credential() -> Credential:
    """By what right the caller watches: a token of ours, whose row can be looked at again, or one that ends by itself."""
    user = str(current_person().id)
    if g.token_id is not None:
        return Credential(user, token=str(g.token_id))
    return Credential(user, until=g.token_until.timestamp())


def door() -> Door:
    """The way to the streams' process of this portal."""
    found: Door = current_app.extensions["streams"]
    return found


def until_news(head: Head, after: int, seconds: int) -> Response | None:
    """Let the call that is served wait for an event above `after`.

    Answers the response that hands it over, or None, after the waiting, when it has to be answered here.
    """
    if not seconds or head.ended or head.last > after or request.method == "HEAD":
        return None
    watch = Watch(
        way="wait",
        request=str(head.key),
        credential=credential(),
        after=after,
        seconds=seconds,
        replay=replay(request_id()),
        address=own_address(),
    )
    try:
        return door().hand(watch)
    except Unavailable:
        _wait_here(head, after, seconds)
        return None


def _wait_here(head: Head, after: int, seconds: int) -> None:
    if not _HERE.acquire(blocking=False):
        return
    try:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            let_go()  # no connection is held, and the next look sees what was committed meanwhile
            time.sleep(LOOK_SECONDS)
            last, ended = live.heads(reader(), [head.key]).get(head.key, (after, True))
            if last > after or ended:
                return
    finally:
        _HERE.release()
