"""Ports: chosen once, remembered in the data folder, because the issuer's address is part of everybody's identity."""

import json
import secrets
import socket
import time
from collections.abc import Collection
from pathlib import Path

from dev.errors import RefusedError

NAMES = ("postgres", "valkey", "provider", "github", "connections", "tfe")
RANGE = (20_000, 32_000)
"""Below the range that Linux gives to outgoing connections, so that none of those takes a remembered port."""
PATIENCE = 5.0


def remembered(note: Path) -> dict[str, int]:
    """The ports of `NAMES`, read from `note`; missing ones are chosen and written. Raises RefusedError on an unreadable one."""
    ports: dict[str, int] = {}
    if note.exists():
        try:
            ports = {str(name): int(port) for name, port in json.loads(note.read_text()).items()}
        except (ValueError, AttributeError, TypeError) as error:
            raise RefusedError(f"{note} is not readable ({error}): mend it, or delete it to choose new ports") from error
    missing = [name for name in NAMES if name not in ports]
    for name in missing:
        ports[name] = choose(ports.values())
    if missing:
        note.write_text(json.dumps(ports, indent=2) + "\n")
    return ports


def choose(taken: Collection[int] = ()) -> int:
    """A port of 127.0.0.1 that nobody listens on and that is not in `taken`."""
    for _ in range(1000):
        # Not `random`: tools of tests seed it, and two processes would choose alike.
        port = RANGE[0] + secrets.randbelow(RANGE[1] - RANGE[0])
        if port not in taken and is_free(port):
            return port
    raise RefusedError(f"no free port between {RANGE[0]} and {RANGE[1]}")


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:`port` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def demand(ports: dict[str, int], note: Path) -> None:
    """Raise RefusedError, with the remedy, for the first port that a stranger still holds after some seconds."""
    deadline = time.monotonic() + PATIENCE
    for name, port in ports.items():
        while not is_free(port):
            if time.monotonic() > deadline:
                raise RefusedError(_taken(name, port, note))
            time.sleep(0.1)


def _taken(name: str, port: int, note: Path) -> str:
    if name == "web":
        return f"port {port} is taken by another program: stop it, or choose another with PORT=…"
    return (
        f"port {port} of {name} is taken by another program: stop it, or delete the line {name!r} in {note} to choose another"
    )
