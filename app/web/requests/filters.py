"""What a list of requests is narrowed to, as its address says it: read, written, offered as controls, shown as chips."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Self

from flask import url_for

from app.core.access import Person
from app.core.moments import moment
from app.core.statuses import RequestStatus
from app.queries import request_lists
from app.web.labels import label
from app.web.views_fields import Choice, FieldView

FILTERABLE = (
    RequestStatus.SUBMITTED,
    RequestStatus.PENDING_APPROVAL,
    RequestStatus.NEEDS_INFO,
    RequestStatus.IN_PROGRESS,
    RequestStatus.AWAITING_MANUAL,
    RequestStatus.COMPLETED,
    RequestStatus.FAILED,
    RequestStatus.REJECTED,
    RequestStatus.CANCELLING,
    RequestStatus.CANCELLED,
    RequestStatus.ROLLING_BACK,
    RequestStatus.ROLLED_BACK,
)
USUAL: Mapping[str, Any] = {"view": "mine"}
LONGEST = 200
TEXTS = ("entry", "requester", "batch", "q")
DAYS = ("created_after", "created_before")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a list shows, as its address says it. view: `mine`, `team` or `all`; what the address makes up is left out."""

    view: str
    status: str
    team: str
    cursor: str | None
    entry: str = ""
    requester: str = ""
    batch: str = ""
    q: str = ""
    created_after: str = ""
    created_before: str = ""

    @classmethod
    def read(cls, args: Mapping[str, str], person: Person, zone: tzinfo, *, works: bool) -> Self:
        """The choice in an address; what it does not say, or may not, is as nobody had said anything."""
        view = args.get("view", "mine")
        view = view if view == "team" or (view == "all" and works) else "mine"
        teams = sorted(person.teams)
        team = args.get("team", "") if args.get("team", "") in teams else next(iter(teams), "")
        status = args.get("status", "")
        said = {name: args.get(name, "").strip()[:LONGEST] for name in TEXTS}
        days = {name: args.get(name, "") if _moment(args.get(name, ""), zone) else "" for name in DAYS}
        status = status if status in FILTERABLE else ""
        return cls(view, status, team if view == "team" else "", args.get("cursor"), **said, **days)

    def filters(self, zone: tzinfo) -> request_lists.Filters:
        """The same for the query. Who is in no team sees their own requests only."""
        return request_lists.Filters(
            statuses=(self.status,) if self.status else (),
            mine=self.view == "mine" or (self.view == "team" and not self.team),
            team=self.team or None,
            catalog_name=self.entry or None,
            requester=self.requester or None,
            created_after=_moment(self.created_after, zone),
            created_before=_moment(self.created_before, zone),
            batch=self.batch or None,
            text=self.q or None,
        )

    @property
    def narrowed(self) -> bool:
        """Whether anything but the view and the team narrows it."""
        return bool(self.status) or any(getattr(self, name) for name in (*TEXTS, *DAYS))

    @property
    def detailed(self) -> bool:
        """Whether something that is folded away narrows it."""
        return any(getattr(self, name) for name in ("entry", "requester", *DAYS))

    def said(self, **changes: Any) -> dict[str, Any]:
        """What an address says for the same list with changes, from its beginning unless `cursor` is given."""
        names = ("view", "status", "team", *TEXTS, *DAYS)
        every = {**{name: getattr(self, name) for name in names}, **changes}
        return {name: value for name, value in every.items() if value and value != USUAL.get(name)}

    def href(self, **changes: Any) -> str:
        """The address of the same list with changes."""
        return url_for("requests.listing", **self.said(**changes))

    @property
    def everything(self) -> str:
        """The address of the same view with nothing narrowed."""
        return url_for("requests.listing", **Chosen(self.view, "", self.team, None).said())


def _moment(text: str, zone: tzinfo) -> datetime | None:
    try:
        return moment(text, zone)
    except ValueError:
        return None


def tabs(chosen: Chosen, *, works: bool) -> list[dict[str, Any]]:
    """What else the list can show; filters stay."""
    views = [("mine", "Mine"), ("team", "My teams"), *([("all", "All that I may see")] if works else [])]
    return [
        {"words": words, "href": chosen.href(view=view, team="", requester=""), "here": chosen.view == view}
        for view, words in views
    ]


def search(chosen: Chosen) -> FieldView:
    """The field for words."""
    return FieldView("q", "filter-q", "Search titles and ids", value=chosen.q, placeholder="Title or id")


def selects(chosen: Chosen, person: Person) -> list[FieldView]:
    """What there are few of."""
    states = [Choice("", "Any state"), *(Choice(code, label(code).words) for code in FILTERABLE)]
    found = [FieldView("status", "filter-status", "State", "select", value=chosen.status, choices=states)]
    if chosen.view == "team" and len(person.teams) > 1:
        teams = [Choice(team, team) for team in sorted(person.teams)]
        found.append(FieldView("team", "filter-team", "Team", "select", value=chosen.team, choices=teams))
    return found


def more(chosen: Chosen) -> list[FieldView]:
    """What is asked for less often."""

    def text(name: str, words: str, placeholder: str) -> FieldView:
        return FieldView(
            name, f"filter-{name}", words, value=getattr(chosen, name), placeholder=placeholder, has_default=True, mono=True
        )

    def day(name: str, words: str) -> FieldView:
        return FieldView(name, f"filter-{name}", words, "date", value=getattr(chosen, name)[:10], has_default=True)

    people = [] if chosen.view == "mine" else [text("requester", "Ordered by", "user id")]
    return [
        day("created_after", "Sent since"),
        day("created_before", "Sent before"),
        text("entry", "Entry of the catalog", "postgres-database"),
        *people,
    ]


def kept(chosen: Chosen) -> dict[str, str]:
    """What the address goes on saying that no control of the filters says."""
    view = {"view": chosen.view} if chosen.view != USUAL["view"] else {}
    return {**view, **({"batch": chosen.batch} if chosen.batch else {})}


def chips(chosen: Chosen) -> list[dict[str, str]]:
    """What narrows the list now, each with the address of the list without it."""
    words = {
        "q": ("Words", chosen.q),
        "status": ("State", label(chosen.status).words if chosen.status else ""),
        "entry": ("Entry", chosen.entry),
        "requester": ("Ordered by", chosen.requester),
        "created_after": ("Sent since", chosen.created_after),
        "created_before": ("Sent before", chosen.created_before),
        "batch": ("Batch", chosen.batch),
    }
    return [{"words": f"{what}: {value}", "href": chosen.href(**{name: ""})} for name, (what, value) in words.items() if value]
