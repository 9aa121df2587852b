"""The process: takes connections over, sees to it that they are told, shown that we are there, and still allowed."""

import asyncio
import logging
import resource
import socket
import uuid
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.core.access import FRESH_FOR
from app.database import engine_options
from app.handover.message import Watch
from app.queries import live
from app.queries.live import Watcher
from app.stream import wakes
from app.stream.clients import Client, refuse
from app.stream.frames import Closing
from app.stream.hub import Follow, Hub, Topic
from app.stream.intake import Intake
from app.stream.waits import Waits
from config import Settings

log = logging.getLogger(__name__)

BEAT_SECONDS = 15
ASK_SECONDS = 20.0
AT_ONCE = 250
"""How many are asked for in one statement."""
GOODBYE_SECONDS = 0.8
"""For all of it: half for the calls that wait, half for clients to read the last words."""
RESERVED = 256
"""Files that are open besides clients."""
THREADS = 2
"""Of reading: the hub's, and the looks besides."""


class Streams:
    """All streams of one machine's web processes. ask_seconds: how long access that was withdrawn lasts at most."""

    def __init__(self, settings: Settings, ask_seconds: float = ASK_SECONDS) -> None:
        self.settings, self.ask_seconds = settings, ask_seconds
        pool = engine_options("stratus-streams", statement_seconds=30, pool_size=THREADS, max_overflow=0)
        self.engine: Engine = create_engine(settings.database_url, **pool)
        self.hub = Hub(self.engine, ZoneInfo(settings.timezone))
        self.waits = Waits()
        self.most = _raise_limit_of_files() - RESERVED
        self.of_person: Counter[str] = Counter()

    async def run(self, stopping: asyncio.Event) -> None:
        """Serve until `stopping` is set; then say good-bye to everybody. Raises what ends one of its tasks."""
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, "reads"))
        intake = Intake(self.settings.stream_socket, self.take)
        intake.open()
        log.info("streams started", extra={"socket": self.settings.stream_socket, "most": self.most})
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self.hub.run()),
                    group.create_task(wakes.listen(self.settings.redis_url, self.hub)),
                    group.create_task(wakes.look(self.engine, self.hub)),
                    group.create_task(wakes.look_at_logs(self.hub)),
                    group.create_task(self._beat()),
                    group.create_task(self._ask()),
                ]
                await stopping.wait()
                intake.close()
                await self._say_goodbye()
                for task in tasks:
                    task.cancel()
        finally:
            intake.close()
            await asyncio.get_running_loop().shutdown_default_executor()  # a read may still hold a connection
            self.engine.dispose()

    def take(self, watch: Watch, sock: socket.socket) -> None:
        """Take a client over, or refuse it when there are too many."""
        who = watch.credential.user
        if len(self.hub.follows) >= self.most:
            refuse(sock, HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "Too many are watching right now.")
        elif self.of_person[who] >= self.settings.streams_per_person:
            refuse(sock, HTTPStatus.TOO_MANY_REQUESTS, "rate_limited", "You have too many streams open.")
        else:
            client = Client(sock, replace(watch, head=""), self._gone)  # thousands of heads would be megabytes
            self.of_person[who] += 1
            client.tell(watch.head.encode("latin-1"))
            self.hub.add(client, self._follows(client, watch))

    def _follows(self, client: Client, watch: Watch) -> list[Follow]:
        found = []
        if watch.after is not None:
            found.append(Follow(client, Topic(uuid.UUID(watch.request)), watch.after))
        if watch.log is not None:
            found.append(Follow(client, Topic(uuid.UUID(watch.log.step), watch.log.attempt), watch.log.after))
        if watch.way == "wait":
            found[0].changed = self._answer
            asyncio.get_running_loop().call_later(watch.seconds, self._answer, client)
        return found

    def _answer(self, client: Client) -> None:
        """Something has changed, or the time is over, for a call that waits."""
        if client in self.hub.follows:
            self.waits.answer(client.watch, client.release())

    def _gone(self, client: Client) -> None:
        self.hub.remove(client)
        who = client.watch.credential.user
        self.of_person[who] -= 1
        if self.of_person[who] <= 0:
            del self.of_person[who]

    async def _beat(self) -> None:
        """Show every client each 15 seconds that we are there: some of them every second, never all at once."""
        turn = 0
        while True:
            await asyncio.sleep(1)
            turn = (turn + 1) % BEAT_SECONDS
            for client in list(self.hub.follows)[turn::BEAT_SECONDS]:
                client.beat()

    async def _ask(self) -> None:
        """Ask again and again who may still watch, and end the streams of those who may not."""
        while True:
            await asyncio.sleep(self.ask_seconds)
            clients = [client for client in self.hub.follows if client.watch.way != "wait"]
            for first in range(0, len(clients), AT_ONCE):
                await self._ask_for(clients[first : first + AT_ONCE])

    async def _ask_for(self, clients: Sequence[Client]) -> None:
        try:
            allowed = await asyncio.get_running_loop().run_in_executor(None, self._allowed, clients)
        except SQLAlchemyError as error:
            log.warning("nobody can be asked for", extra={"error": str(error).splitlines()[0]})
            return
        for place, client in enumerate(clients):
            if place not in allowed:
                client.end(Closing.NOT_ALLOWED, "ask again: this may not be watched any more")

    def _allowed(self, clients: Sequence[Client]) -> frozenset[int]:
        fresh_for: timedelta | None = None if self.settings.development else FRESH_FOR
        watchers = [_watcher(client.watch) for client in clients]
        with Session(self.engine) as session:
            return live.still_allowed(session, watchers, self.settings.admin_team, fresh_for)

    async def _say_goodbye(self) -> None:
        """End every stream, answer every call that waits: clients come back to whoever takes our place."""
        for client in list(self.hub.follows):
            if client.watch.way == "wait":
                self._answer(client)
            else:
                client.end(Closing.GOING_AWAY, "the portal is being restarted")
        await self.waits.finish(GOODBYE_SECONDS / 2)
        deadline = asyncio.get_running_loop().time() + GOODBYE_SECONDS / 2
        while self.hub.follows and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.02)
        for client in list(self.hub.follows):
            client.drop()


def _watcher(watch: Watch) -> Watcher:
    held = watch.credential
    return Watcher(
        request=uuid.UUID(watch.request),
        user=uuid.UUID(held.user),
        session=uuid.UUID(held.session) if held.session else None,
        token=uuid.UUID(held.token) if held.token else None,
        until=datetime.fromtimestamp(held.until, UTC) if held.until is not None else None,
    )


def _raise_limit_of_files() -> int:
    """Let this process have as many files open as it may; how many that are."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
