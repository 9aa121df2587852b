"""Long polls: a call that waits is parked here, and made again in the client's name once something has changed.

The web process answers it then as it answers every call, guards and all; what it writes goes to the client as it comes.
"""

import asyncio
import logging
import socket
from contextlib import suppress
from http import HTTPStatus

from app.handover.message import Address, Watch
from app.stream.clients import refuse

log = logging.getLogger(__name__)

AT_ONCE = 8
"""How many are answered at the same time: the web server has others to serve."""
TRIES = 20
PAUSE_SECONDS = 0.2
"""Between two tries to reach a web server that is being restarted."""
PATIENCE_SECONDS = 30.0
PIECE = 64 * 1024


class Waits:
    """Answers calls that have waited. Lives on one event loop."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._answers: set[asyncio.Task[None]] = set()

    def answer(self, watch: Watch, client: socket.socket) -> None:
        """Answer the call of `watch` to `client`, which is ours from now on, and close it."""
        task = asyncio.create_task(self._answer(watch, client))
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    async def finish(self, seconds: float) -> None:
        """Wait until all are answered, but no longer than that."""
        if self._answers:
            await asyncio.wait(self._answers, timeout=seconds)

    async def _answer(self, watch: Watch, client: socket.socket) -> None:
        async with self._turn:
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await _relay(watch, client)
            except (OSError, TimeoutError) as error:
                log.warning("a call that waited could not be answered", extra={"error": str(error) or type(error).__name__})
                refuse(client, HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "The portal did not answer in time. Ask again.")
            finally:
                with suppress(OSError):
                    client.close()


async def _relay(watch: Watch, client: socket.socket) -> None:
    """Make the call and hand its answer on. Raises OSError while nothing of an answer has been sent."""
    reader, writer = await _reached(watch.address)
    try:
        writer.write(watch.replay.encode("latin-1"))
        piece = await reader.read(PIECE)
        if not piece:
            raise ConnectionResetError("the web server closed without an answer")
        with suppress(ConnectionError):  # the client has gone: nobody is left to be told
            while piece:
                await asyncio.get_running_loop().sock_sendall(client, piece)
                piece = await reader.read(PIECE)
    finally:
        writer.close()


async def _reached(address: Address) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    for _ in range(TRIES):
        with suppress(ConnectionError, FileNotFoundError):
            if isinstance(address, str):
                return await asyncio.open_unix_connection(address)
            return await asyncio.open_connection(*address)
        await asyncio.sleep(PAUSE_SECONDS)
    raise ConnectionRefusedError("the web server does not answer")
