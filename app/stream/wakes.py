"""What wakes the hub: Redis says which requests have news, and a slow look at all of them says the same without Redis."""

import asyncio
import logging
import uuid
from collections.abc import Iterable

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.events import CHANNEL
from app.queries import live
from app.stream.hub import Hub, Topic
from app.stream.subscription import RedisAway, heard

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
"""How late news are at most when no ring comes."""
LOG_SECONDS = 0.5
"""Workers write lines of logs about as often."""
RETRY_SECONDS = 2.0


async def listen(url: str, hub: Hub) -> None:
    """Put down what Redis tells, until cancelled. Losing it makes news later, by `LOOK_SECONDS` at most."""
    while True:
        try:
            async for message in heard(url, CHANNEL):
                hub.put_down(Topic(key) for key in keys_in(message))
        except RedisAway as error:
            log.warning("Redis does not answer, news are looked for", extra={"error": str(error)})
        await asyncio.sleep(RETRY_SECONDS)


def keys_in(data: bytes) -> Iterable[uuid.UUID]:
    """The keys of requests in a message; what is none is left out: anybody who reaches Redis may publish."""
    for word in data.split():
        try:
            yield uuid.UUID(word.decode())
        except ValueError:
            continue


async def look(engine: Engine, hub: Hub) -> None:
    """Look every two seconds which of the followed requests have news, until cancelled."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        followed = hub.requests()
        if not followed:
            continue
        try:
            heads = await asyncio.get_running_loop().run_in_executor(None, _heads, engine, list(followed))
        except SQLAlchemyError as error:
            log.warning("news cannot be looked for", extra={"error": str(error).splitlines()[0]})
            continue
        for key, least in followed.items():
            last, ended = heads.get(key, (0, True))
            if last > least or ended:
                hub.put_down([Topic(key)])


def _heads(engine: Engine, requests: list[uuid.UUID]) -> dict[uuid.UUID, tuple[int, bool]]:
    with Session(engine) as session:
        return live.heads(session, requests)


async def look_at_logs(hub: Hub) -> None:
    """Put down all followed logs twice a second, until cancelled: no worker rings for a line."""
    while True:
        await asyncio.sleep(LOG_SECONDS)
        hub.put_down(hub.logs())
