"""What is added around a web or worker process: it says who it is, dies where it is told to, notes when it rings too soon."""

import importlib
import json
import os
import signal
import threading
import time
import traceback
import weakref
from functools import partial
from pathlib import Path
from typing import Any

from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, event

from app.dispatch import Doorbell
from app.failpoints import ARMED

FOLDER = "CHAOS_FOLDER"
PLANT = "CHAOS_PLANT"
FAILPOINTS = (
    "web-before-commit",
    "web-after-commit",
    "web-after-ring",
    "worker-before-call",
    "worker-after-call",
    "worker-before-record",
    "worker-after-record",
)


def install(kind: str) -> None:
    """Watch this process, a `web` or a `worker`. Where CHAOS_PLANT names a broken engine of `tests.planted`, switch it on."""
    folder = Path(os.environ[FOLDER])
    for name in FAILPOINTS:
        ARMED[name] = partial(_die_if_told, folder / "die" / name)
    event.listen(Engine, "connect", partial(_say_who, f"chaos-{kind}-{os.getpid()}"))
    _watch_the_bell(folder / "witness" / f"{kind}-{os.getpid()}.jsonl")
    if plant := os.environ.get(PLANT):
        importlib.import_module(f"tests.planted.{plant}").plant()


def _die_if_told(orders: Path) -> None:
    """Take one order to die, if there is one; of several processes exactly one gets it."""
    for order in orders.iterdir():
        try:
            order.unlink()
        except FileNotFoundError:
            continue  # another process was faster
        os.kill(os.getpid(), signal.SIGKILL)


def _say_who(name: str, connection: Any, _record: object) -> None:
    """The name under which the database's witness sees this process."""
    connection.execute(f"SET application_name = '{name}'")
    connection.commit()


def _watch_the_bell(notes: Path) -> None:
    """Note each ring that comes while this thread has a transaction open: whoever wakes finds nothing yet."""
    mine = threading.local()

    def began(connection: Connection) -> None:
        mine.open = getattr(mine, "open", None) or weakref.WeakSet()
        mine.open.add(connection)

    ring = Doorbell.ring

    def watched(bell: Doorbell, ready: int) -> bool:
        if any(_is_open(connection) for connection in getattr(mine, "open", ())):
            with notes.open("a") as file:
                stack = "".join(traceback.format_stack(limit=6)[:-1])
                note = {"what": "rang before the commit", "process": notes.stem, "at": time.time(), "stack": stack}
                file.write(json.dumps(note) + "\n")
        return ring(bell, ready)

    event.listen(Engine, "begin", began)
    Doorbell.ring = watched  # type: ignore[method-assign]


def _is_open(connection: Connection) -> bool:
    """Whether the database has a transaction open for it. SQLAlchemy speaks of one where each statement commits itself, too."""
    if connection.closed or connection.invalidated:
        return False
    raw = connection.connection.dbapi_connection
    return raw is not None and raw.info.transaction_status != TransactionStatus.IDLE
