"""How busy the engine is."""

from datetime import datetime
from typing import Self

from pydantic import Field

from app.api.shapes.common import Body, Moment
from app.core.statuses import Activity
from app.queries import queue as found


class Waiting(Body):
    """What waits in one place."""

    count: int = Field(description=f"Counted up to {found.MOST}.")
    more: bool = Field(description="Whether there may be more than was counted.")
    oldest_since: Moment | None = Field(description="Since when the one that waits longest does; null where nothing waits.")
    oldest_seconds: float | None = Field(description="The same as an age.")

    @classmethod
    def of(cls, waiting: found.Waiting, at: datetime) -> Self:
        """The shape of what waits, as it is at `at`."""
        age = None if waiting.oldest is None else round(max(0.0, (at - waiting.oldest).total_seconds()), 3)
        return cls(count=waiting.count, more=waiting.more, oldest_since=waiting.oldest, oldest_seconds=age)


class AtWork(Body):
    """A worker that is alive."""

    name: str
    threads: int = Field(description="How many steps it can have in hand.")
    busy: int = Field(description="How many it has.")
    started_at: Moment
    seen_at: Moment


class Load(Body):
    """How busy the engine is."""

    at: Moment
    ready: Waiting = Field(description="Steps that wait for a worker.")
    due: Waiting = Field(description="Waits whose time has come: retries, polls, probes, undos.")
    turns: Waiting = Field(description="Requests that wait for their turn behind a limit of how many run at once.")
    tickets: Waiting = Field(description="Open tickets.")
    running: dict[Activity, int] = Field(description="Steps that workers have in hand, by what is done with them.")
    threads: int = Field(description="How many steps all living workers can have in hand.")
    busy: int = Field(description="How many they have.")
    workers: list[AtWork]

    @classmethod
    def of(cls, load: found.Load) -> Self:
        """The shape of a load."""
        return cls(
            at=load.at,
            ready=Waiting.of(load.ready, load.at),
            due=Waiting.of(load.due, load.at),
            turns=Waiting.of(load.turns, load.at),
            tickets=Waiting.of(load.tickets, load.at),
            running={Activity(name): number for name, number in load.running.items()},
            threads=load.threads,
            busy=load.busy,
            workers=[AtWork(**{name: getattr(one, name) for name in AtWork.model_fields}) for one in load.workers],
        )
