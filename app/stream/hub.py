"""Who follows what, and what they were told so far: news are read once for all who follow the same, and told to each.

A topic that may have news is put down as such: by a ring, by the slow look at all of them, by somebody new. One loop reads
what is put down, all topics in one statement, and tells it; what is put down while it reads is its next turn. Nothing is
told from a ring: numbers come from the table, so that nobody misses one or is told one twice.
"""

import asyncio
import logging
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import NamedTuple

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.queries import live
from app.queries.live import Lines, News
from app.stream import telling
from app.stream.clients import Client
from app.stream.frames import Closing, Wire

log = logging.getLogger(__name__)

MOST_AT_ONCE = 200
"""Events, or lines, of one topic that are read and told in one turn."""
PAUSE_SECONDS = 1.0
"""Pause after a read that failed."""


class Topic(NamedTuple):
    """What can be followed: the events of a request, or the log of one attempt of a step. key: of the row."""

    key: uuid.UUID
    attempt: int = 0


@dataclass(slots=True, eq=False)
class Follow:
    """That a client follows a topic. last: the number of what it was told last."""

    client: Client
    topic: Topic
    last: int
    changed: Callable[[Client], None] | None = None
    """What is done instead of telling, for a client that waits for any change."""


Found = tuple[Mapping[Topic, News], Mapping[Topic, Lines]]


class Hub:
    """All clients with what they follow. Lives on one event loop; only `_read` runs on another thread."""

    def __init__(self, engine: Engine, zone: tzinfo) -> None:
        self.engine, self.zone = engine, zone
        self.follows: dict[Client, list[Follow]] = {}
        self.topics: dict[Topic, set[Follow]] = defaultdict(set)
        self._due: set[Topic] = set()
        self._some = asyncio.Event()

    def add(self, client: Client, follows: Sequence[Follow]) -> None:
        """Tell `client` from now on what it follows."""
        self.follows[client] = list(follows)
        client.drained = self._drained
        for one in follows:
            self.topics[one.topic].add(one)
        self.put_down(one.topic for one in follows)

    def remove(self, client: Client) -> None:
        """Forget a client."""
        for one in self.follows.pop(client, ()):
            self._unfollow(one)

    def put_down(self, topics: Iterable[Topic]) -> None:
        """These may have news; those that nobody follows are left out."""
        self._due.update(topic for topic in topics if topic in self.topics)
        if self._due:
            self._some.set()

    def logs(self) -> list[Topic]:
        """The logs that somebody follows: of attempts that go on, so there are never many."""
        return [topic for topic in self.topics if topic.attempt]

    def requests(self) -> dict[uuid.UUID, int]:
        """The requests that somebody follows, and the least that one of the followers was told last."""
        return {topic.key: _least(follows) for topic, follows in self.topics.items() if not topic.attempt}

    async def run(self) -> None:
        """Read and tell, until cancelled."""
        while True:
            await self._some.wait()
            self._some.clear()
            due, self._due = self._due, set()
            wanted = {topic: _least(self.topics[topic]) for topic in due if topic in self.topics}
            try:
                news, lines = await asyncio.get_running_loop().run_in_executor(None, self._read, wanted)
            except SQLAlchemyError as error:
                log.warning("news cannot be read", extra={"error": str(error).splitlines()[0]})
                await asyncio.sleep(PAUSE_SECONDS)
                self.put_down(wanted)
                continue
            for topic, after in wanted.items():
                if topic.attempt:
                    self._tell_lines(topic, after, lines[topic])
                else:
                    self._tell_news(topic, after, news.get(topic))

    def _read(self, wanted: Mapping[Topic, int]) -> Found:
        events = {topic.key: last for topic, last in wanted.items() if not topic.attempt}
        logs = {(topic.key, topic.attempt): last for topic, last in wanted.items() if topic.attempt}
        with Session(self.engine) as session:
            news = live.news(session, events, MOST_AT_ONCE) if events else {}
            lines = live.lines(session, logs, MOST_AT_ONCE) if logs else {}
        return {Topic(key): one for key, one in news.items()}, {Topic(*key): one for key, one in lines.items()}

    def _tell_news(self, topic: Topic, after: int, news: News | None) -> None:
        if news is None:
            self._finish(topic, Closing.NOT_ALLOWED, "the request is gone")
            return
        texts = [(event.number, telling.of_event(event, self.zone)) for event in news.events]
        self._tell(topic, after, texts, lambda wire, number, text: wire.event(number, text))
        if news.ended and len(texts) < MOST_AT_ONCE:
            self._finish(topic, Closing.DONE, "the request has ended", news.last)

    def _tell_lines(self, topic: Topic, after: int, lines: Lines) -> None:
        texts = [(line.number, telling.of_line(line, self.zone)) for line in lines.lines]
        self._tell(topic, after, texts, lambda wire, number, text: wire.line(number, text))
        if lines.ended and len(texts) < MOST_AT_ONCE:
            self._finish(topic, Closing.DONE, "the log has ended", texts[-1][0] if texts else after)

    def _tell(
        self, topic: Topic, after: int, texts: Sequence[tuple[int, str]], write: Callable[[Wire, int, str], bytes]
    ) -> None:
        """Tell each follower what was read above `after` and it was not told yet.

        Who was told less than `after` (it does not read, or came meanwhile) would get a hole: its turn is another one.
        """
        written: dict[tuple[Wire, int], bytes] = {}
        waiting = False
        for one in [follow for follow in self.topics.get(topic, ()) if follow.last >= after]:
            self._tell_one(one, texts, write, written)
            waiting = waiting or not one.client.full
        if len(texts) == MOST_AT_ONCE and waiting:
            self.put_down([topic])

    def _tell_one(
        self,
        follow: Follow,
        texts: Sequence[tuple[int, str]],
        write: Callable[[Wire, int, str], bytes],
        written: dict[tuple[Wire, int], bytes],
    ) -> None:
        wire = follow.client.wire
        for number, text in texts:
            if number <= follow.last:
                continue
            if follow.changed is not None:
                follow.changed(follow.client)
                return
            if follow.client.full:
                return
            if (wire, number) not in written:
                written[wire, number] = write(wire, number, text)
            follow.last = number
            follow.client.tell(written[wire, number])

    def _finish(self, topic: Topic, closing: Closing, reason: str, last: int = 0) -> None:
        """End what has told all that there is. A client that still follows something else goes on."""
        for one in list(self.topics.get(topic, ())):
            if one.last < last:
                continue
            if one.changed is not None:
                one.changed(one.client)
            elif len(self.follows[one.client]) == 1 or not topic.attempt:
                one.client.end(closing, reason)
            else:
                self.follows[one.client].remove(one)
                self._unfollow(one)

    def _unfollow(self, follow: Follow) -> None:
        left = self.topics[follow.topic]
        left.discard(follow)
        if not left:
            del self.topics[follow.topic]

    def _drained(self, client: Client) -> None:
        self.put_down(one.topic for one in self.follows.get(client, ()))


def _least(follows: Iterable[Follow]) -> int:
    """From where on must be read. Who does not read now is not waited for, unless there is nobody else."""
    reading = [one.last for one in follows if not one.client.full]
    return min(reading or [one.last for one in follows])
