"""The one map of states: a status code -> its tone, its glyph and its words, of requests, steps, attempts, tickets."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.web.filters import coarse, day_and_time

DUE_SOON = timedelta(minutes=30)
DUE_BY_COUNTDOWN = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Label:
    """How a state looks and reads.

    tone: a class `is-<tone>` of the stylesheet (`done failed person yours running idle late soon`), empty for plain text.
    glyph: a symbol `g-<glyph>` of the sprite; empty for none. Circles are the machine's, diamonds a person's (filled:
    yours), an octagon is a stop. words: what people read; never a code.
    """

    tone: str
    glyph: str
    words: str


@dataclass(frozen=True, slots=True)
class _State:
    """A label, and its words once somebody's name is known."""

    label: Label
    named: str = ""


def _state(tone: str, glyph: str, words: str, named: str = "") -> _State:
    return _State(Label(tone, glyph, words), named)


STATES: Mapping[str, _State] = {
    "draft": _state("idle", "idle", "Draft"),
    "submitted": _state("idle", "queued", "Sent"),
    "pending_approval": _state("person", "person", "Waiting for approval", "Waiting on {who}"),
    "needs_info": _state("person", "person", "Needs an answer", "Waiting on {who}"),
    "in_progress": _state("running", "running", "Running"),
    "awaiting_manual": _state("person", "person", "Waiting on a person", "Waiting on {who}"),
    "cancelling": _state("running", "running", "Being cancelled"),
    "rolling_back": _state("running", "running", "Being rolled back"),
    "completed": _state("done", "done", "Done"),
    "failed": _state("failed", "failed", "Failed"),
    "cancelled": _state("idle", "cancelled", "Cancelled"),
    "rejected": _state("failed", "rejected", "Rejected", "Rejected by {who}"),
    "rolled_back": _state("idle", "undone", "Rolled back"),
    "approved": _state("done", "person-done", "Approved", "Approved by {who}"),
    "sent_back": _state("person", "undone", "Sent back", "Sent back by {who}"),
    "void": _state("idle", "cancelled", "Not needed any more"),
    "pending": _state("idle", "idle", "Not started"),
    "ready": _state("idle", "queued", "Queued"),
    "running": _state("running", "running", "Running"),
    "verifying": _state("running", "running", "Checking the result"),
    "waiting": _state("running", "waiting", "Waiting", "Waiting on {who}"),
    "indeterminate": _state("running", "unknown", "Being checked", "Being checked by {who}"),
    "skipped": _state("idle", "skipped", "Skipped"),
    "open": _state("person", "person", "Open", "Open for {who}"),
    "claimed": _state("person", "person", "Claimed", "With {who}"),
    "adopting": _state("running", "running", "Being taken over"),
    "resolved": _state("done", "person-done", "Resolved", "Resolved by {who}"),
    "retried": _state("idle", "undone", "Automation retried", "Automation retried by {who}"),
}
YOURS: Mapping[str, str] = {"claimed": "Yours"}
"""What a state that is the reader's own move says instead of "Waits for you"."""


def label(code: str, *, who: str = "", mine: bool = False, by: str = "") -> Label:
    """How the status `code` looks.

    who: on whom or what it waits, e.g. ``Carol`` or ``GitHub``. mine: it is the reader's move. by: the person who
    completed it by hand. A code that the map does not hold reads as its own words, so that one odd row never takes a
    page down; a test holds the map complete.
    """
    found = STATES.get(code)
    if found is None:
        return Label("idle", "unknown", code.replace("_", " ").capitalize())
    if mine:
        return Label("yours", "yours", YOURS.get(code, "Waits for you"))
    if by and code == "completed":
        return Label("done", "person-done", f"Done by {by}")
    if who and found.named:
        return replace(found.label, words=found.named.format(who=who))
    return found.label


def due(at: datetime, now: datetime) -> Label:
    """How a due time looks from `now`: late, soon (within half an hour), or plain words. Both times in the reader's zone."""
    left = at - now
    if left < timedelta(0):
        return Label("late", "late", f"{coarse(-left)} late")
    if left <= DUE_SOON:
        return Label("soon", "waiting", f"in {coarse(left)}")
    if left <= DUE_BY_COUNTDOWN:
        return Label("", "", f"in {coarse(left)}")
    return Label("", "", day_and_time(at, now))
