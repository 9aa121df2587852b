"""Takes over the connections that web processes hand over: a listening Unix socket, one message and one socket at a time."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from app.handover.message import LARGEST, Watch, named

log = logging.getLogger(__name__)

BACKLOG = 1024
PATIENCE_SECONDS = 2.0
"""How long a web process that has connected has to send its message."""
PAUSE_SECONDS = 0.5


class Intake:
    """The door's other side. `take` gets each watch with the client's socket, which is its own from then on."""

    def __init__(self, path: str, take: Callable[[Watch, socket.socket], None]) -> None:
        self.path, self.take = Path(path), take
        self.listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._loop = asyncio.get_running_loop()

    def open(self) -> None:
        """Listen at the path, in the place of whoever listened there before. Raises OSError.

        Only our own account may connect: whoever can hand over a connection says what it may watch.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        with suppress(FileNotFoundError):
            fresh.unlink()
        before = os.umask(0o177)
        try:
            with named(str(fresh)) as name:
                self.listening.bind(name)
        finally:
            os.umask(before)
        self.listening.listen(BACKLOG)
        self.listening.setblocking(False)
        fresh.replace(self.path)
        self.inode = self.path.stat().st_ino
        self._loop.add_reader(self.listening, self._accept)

    def close(self) -> None:
        """Listen no more; who comes from now on finds nobody, or whoever has taken the place. Twice is as good as once."""
        if self.listening.fileno() == -1:
            return
        self._loop.remove_reader(self.listening)
        self.listening.close()
        with suppress(OSError):
            if self.path.stat().st_ino == self.inode:
                self.path.unlink()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listening.accept()
            except BlockingIOError:
                return
            except OSError as error:
                log.error("hand-overs are not accepted for a moment", extra={"error": str(error)})
                self._loop.remove_reader(self.listening)
                self._loop.call_later(PAUSE_SECONDS, self._listen_again)
                return
            connection.setblocking(False)
            if self._receive(connection):
                connection.close()
            else:
                self._await_message(connection)

    def _listen_again(self) -> None:
        if self.listening.fileno() != -1:
            self._loop.add_reader(self.listening, self._accept)

    def _await_message(self, connection: socket.socket) -> None:
        def done() -> None:
            timer.cancel()
            self._loop.remove_reader(connection)
            connection.close()

        def look() -> None:
            if self._receive(connection):
                done()

        timer = self._loop.call_later(PATIENCE_SECONDS, done)
        self._loop.add_reader(connection, look)

    def _receive(self, connection: socket.socket) -> bool:
        """Take what has come; False when nothing has yet."""
        try:
            message, given, _flags, _address = socket.recv_fds(connection, LARGEST, 1)
        except BlockingIOError:
            return False
        except OSError:
            return True
        for descriptor in given:
            self._hand_on(message, socket.socket(fileno=descriptor))
        return True

    def _hand_on(self, message: bytes, client: socket.socket) -> None:
        try:
            watch = Watch.read(message)
        except (ValueError, TypeError, KeyError) as error:
            log.error("a message of a web process cannot be read", extra={"error": str(error)})
            client.close()
            return
        self.take(watch, client)
