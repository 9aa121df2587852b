"""The list of the manual queue: what its address says, its rows, and the ways to narrow it down."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from flask import url_for

from app.core.access import Person
from app.core.statuses import TICKET_GOES_ON, TicketStatus
from app.queries import search
from app.queries import tickets as queries
from app.queries.tickets import Ticket
from app.reader import reader
from app.web.phrases import cause
from app.web.views_fields import Choice, FieldView

ENDED = tuple(sorted(frozenset(TicketStatus) - TICKET_GOES_ON))
STATUSES: Mapping[str, tuple[str, ...]] = {
    "": tuple(sorted(TICKET_GOES_ON)),
    "open": (TicketStatus.OPEN,),
    "claimed": (TicketStatus.CLAIMED,),
    "ended": ENDED,
}
"""What the address says -> the statuses that are shown; nothing said shows all that waits."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the queue shows, as its address says it."""

    status: str
    owner: str
    mine: bool
    cursor: str | None

    @classmethod
    def read(cls, args: Mapping[str, str]) -> Self:
        """The choice in an address; a status that there is not shows all that waits."""
        status = args.get("status", "")
        return cls(
            status if status in STATUSES else "",
            args.get("owner", ""),
            bool(args.get("mine")),
            args.get("cursor"),
        )

    @property
    def filters(self) -> queries.Filters:
        """The same for the query: only what the person's teams own."""
        return queries.Filters(STATUSES[self.status], self.owner or None, mine=self.mine, workable=True)

    @property
    def plain(self) -> bool:
        """Whether nothing is narrowed down."""
        return not (self.status or self.owner or self.mine)

    def href(self, **changes: Any) -> str:
        """The address of the same list with changes, from its beginning unless `cursor` is given."""
        said = {"status": self.status, "owner": self.owner, "mine": "1" if self.mine else "", **changes}
        return url_for("queue.listing", **{key: value for key, value in said.items() if value})


def row(ticket: Ticket, person: Person) -> dict[str, Any]:
    """One line: the ticket, why it is here in few words, and whether it is the person's."""
    about = (ticket.error or {}).get("details") or {}
    kind = {"undo": "to undo", "unknown": "outcome unknown"}.get(ticket.type, "Manual task")
    why = about.get("error_code") or (
        cause(str(ticket.error["message"])) if ticket.error and ticket.type == "failure" else kind
    )
    return {"it": ticket, "why": why, "mine": ticket.claimed_by_user_id == person.user_id}


def tabs(chosen: Chosen, waiting: int) -> list[dict[str, Any]]:
    """What else the queue can show. waiting: how many tickets are open."""

    def tab(words: str, status: str, *, mine: bool = False, count: int | None = None) -> dict[str, Any]:
        here = (chosen.status, chosen.mine) == (status, mine)
        return {"words": words, "href": chosen.href(status=status, mine="1" if mine else ""), "here": here, "count": count}

    return [
        tab("Open", "", count=waiting),
        tab("Unclaimed", "open"),
        tab("Mine", "", mine=True),
        tab("Ended", "ended"),
    ]


def selects(chosen: Chosen, person: Person) -> list[FieldView]:
    """Which team: offered where there are several. Administrators work the tickets of all that own something."""
    teams = {one.value for one in search.facets(reader(), search.Filters())["owner"]} if person.is_admin else person.teams
    if len(teams) < 2:
        return []
    choices = [Choice("", "All my teams" if not person.is_admin else "All teams"), *(Choice(one, one) for one in sorted(teams))]
    return [FieldView("owner", "filter-owner", "Team", "select", value=chosen.owner, choices=choices)]
