"""The page of the engine: how much waits and how long, and who works, for platform teams and administrators."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from app.identity import current_person
from app.identity.guard import signed_in
from app.queries import queue
from app.queries.queue import Load, Waiting
from app.reader import reader
from app.web.filters import coarse, number, plural
from app.web.labels import Label
from app.web.phrases import ACTIVITIES, listed

blueprint = Blueprint("engine", __name__)

LONG = timedelta(minutes=1)
"""A step that waits longer than this for a worker is worth a word: the next free thread takes it at once."""


@dataclass(frozen=True, slots=True)
class Row:
    """One place where something waits. count: in words; href: where its list is, empty where there is none."""

    words: str
    about: str
    count: str
    oldest: datetime | None
    href: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """What the panel says."""

    label: Label
    title: str
    text: str


@blueprint.get("/engine")
@signed_in
def show() -> ResponseReturnValue:
    """How busy the engine is."""
    load = queue.load(reader(), current_person())
    return render_template("engine/show.html", load=load, said=said(load), rows=rows(load), in_hand=in_hand(load))


def said(load: Load) -> Said:
    """How it stands, in words: nobody works, work piles up, or all is well."""
    free = max(0, load.threads - load.busy)
    if not load.workers:
        return Said(Label("late", "late", ""), "No worker is alive", f"{_waits(load)} Nothing is built until a worker starts.")
    waited = load.at - load.ready.oldest if load.ready.oldest else timedelta()
    if waited > LONG:
        text = f"The oldest waits for {coarse(waited)}. {_hands(load, free)}"
        return Said(Label("soon", "late", ""), f"{_many(load.ready)} for a worker", text)
    return Said(Label("done", "done", ""), "Work is taken as it comes", f"{_waits(load)} {_hands(load, free)}")


def _many(ready: Waiting) -> str:
    text = f"{counted(ready)} {'step waits' if ready.count == 1 else 'steps wait'}"
    return text[:1].upper() + text[1:]


def _waits(load: Load) -> str:
    return f"{_many(load.ready)} for a worker." if load.ready.count else "No step waits for a worker."


def _hands(load: Load, free: int) -> str:
    return f"{plural(len(load.workers), 'worker is', 'workers are')} alive, {free} of {plural(load.threads, 'thread')} free."


def counted(waiting: Waiting) -> str:
    """How many: `12`, `more than 10,000`."""
    return f"more than {number(queue.MOST)}" if waiting.more else number(waiting.count)


def rows(load: Load) -> Sequence[Row]:
    """Every place where something waits."""
    places = (
        ("Steps", "wait for a worker", load.ready, ""),
        ("Second looks", "whose time has come: retries, polls, probes, undos", load.due, ""),
        ("Requests", "wait for their turn behind a limit", load.turns, ""),
        ("Tickets", "are open", load.tickets, url_for("queue.listing")),
    )
    return [Row(words, about, counted(waiting), waiting.oldest, href) for words, about, waiting, href in places]


def in_hand(load: Load) -> str:
    """What is done with what workers have in hand: `3 running and 1 being undone`."""
    return (
        listed([f"{number(count)} {ACTIVITIES.get(name, name)}" for name, count in sorted(load.running.items())]) or "nothing"
    )
