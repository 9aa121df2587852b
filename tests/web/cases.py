"""Cases made by hand, for the pure words of pages: a request of four steps at noon, and what its rows say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from app.core.access import Person, may_work_ticket
from app.queries.requests import decided
from app.queries.shapes import Detail, Event, Item, Output, Step, Summary, TicketLink
from app.queries.tickets import Ticket
from app.web.requests.case import Case, Viewer
from dev.accounts import ACCOUNTS

NOON = datetime(2025, 8, 16, 12, 0, tzinfo=UTC)
TITLES = {
    "provision_eks_app": "EKS app",
    "provision_postgres": "PostgreSQL",
    "setup_monitoring": "Monitoring",
    "connect": "Connections",
}
TYPES = {"provision_eks_app": "TerraformFile", "provision_postgres": "TerraformFile", "setup_monitoring": "GitHubWorkflow"}
NEEDS = {"setup_monitoring": ("step-001",), "connect": ("step-001", "step-002")}
CLASH = {
    "type": "terraform_error",
    "message": "Error creating RDS instance: subnet group conflicts with existing resources",
    "details": {"error_code": "InvalidDBSubnetGroup", "advice": "Choose another name."},
}


def at(minutes: float) -> datetime:
    """So many minutes before noon."""
    return NOON - timedelta(minutes=minutes)


def person(user_id: str) -> Person:
    account = ACCOUNTS[user_id]
    teams = frozenset(account.teams)
    return Person(uuid4(), user_id, account.name, account.email, teams, "stratus-administrators" in teams)


def step(name: str, status: str, **more: Any) -> Step:
    number = list(TITLES).index(name) + 1
    values: dict[str, Any] = {
        "step_id": f"step-{number:03}",
        "name": name,
        "title": TITLES[name],
        "type": TYPES.get(name, "HttpPost"),
        "status": status,
        "position": number,
        "depends_on": NEEDS.get(name, ()),
        "item": name.partition("_")[2] or None,
        "owner_team": "platform-data-team",
        "started_at": None if status in ("pending", "ready") else at(30),
        "completed_at": at(20) if status == "completed" else None,
        "attempt": 0 if status in ("pending", "ready") else 1,
    }
    empty = dict.fromkeys(
        ("external_id", "tracking_url", "managed_by", "error", "verification", "verification_config", "retry_at", "ticket")
    )
    nothing: dict[str, Any] = {"outputs": {}, "sensitive_outputs": (), "declared_outputs": {}}
    return Step(**{**empty, **nothing, **values, **more})


def check(name: str, status: str, kind: str = "preflight", **more: Any) -> Step:
    """A check that looks with HTTP; it is numbered behind the steps, where no step of a case has its id."""
    values = {"title": name, "type": "HttpCheck", "step_id": f"check-{name}", "kind": kind, "depends_on": ()}
    return replace(step("connect", status), **values, **more)


def ticket(about: Step, who: str = "sarah-123", **more: Any) -> Ticket:
    """A ticket of a step, as `who` sees it."""
    values: dict[str, Any] = {
        "ticket_id": f"TCK-{about.position}",
        "request_id": "req-20250816-abc123",
        "request_title": "customer-portal",
        "requester_name": "Sarah",
        "requester_team": "customer-experience",
        "catalog_title": "Full Stack Web Application",
        "step_id": about.step_id,
        "step_name": about.name,
        "step_title": about.title,
        "step_type": about.type,
        "item": about.item,
        "status": "open",
        "type": "failure",
        "owner_team": about.owner_team,
        "title": "Do it",
        "instructions": "With care",
        "error": CLASH,
        "inputs": {},
        "outputs_form": {"fields": []},
        "system": "internal",
        "created_at": at(5),
        "workable": may_work_ticket(person(who), about.owner_team),
    }
    nobody = dict.fromkeys(["claimed_by", "claimed_by_user_id", "claimed_at", "resolved_by", "resolution", "resolved_at"])
    empty = nobody | dict.fromkeys(["external_id", "external_url", "due_at"])
    return Ticket(**{**empty, **values, **more})


def claimed(open_ticket: Ticket, by: str = "carol-789", minutes: float = 3) -> Ticket:
    return replace(open_ticket, status="claimed", claimed_by=ACCOUNTS[by].name, claimed_by_user_id=by, claimed_at=at(minutes))


def resolved(open_ticket: Ticket, by: str = "Carol", **more: Any) -> Ticket:
    return replace(open_ticket, **{"status": "resolved", "resolved_by": by, "resolved_at": at(1), **more})


def event(
    number: int, kind: str, minutes: float, step_id: str | None = None, actor: str = "worker:w1", **payload: Any
) -> Event:
    return Event(number, kind, at(minutes), actor, step_id, payload)


def case(
    *steps: Step,
    status: str = "in_progress",
    tickets: tuple[Ticket, ...] = (),
    events: tuple[Event, ...] = (),
    who: str = "sarah-123",
    outputs: tuple[Output, ...] = (),
    items: tuple[Item, ...] = (),
    checks: tuple[Step, ...] = (),
    **more: Any,
) -> Case:
    """A request with these steps and checks, each with its open ticket. events: oldest first, as they happened."""
    links = {one.step_id: linked(one) for one in tickets if one.open}
    everything = [replace(one, ticket=links.get(one.step_id, one.ticket)) for one in (*steps, *checks)]
    everything = decided(status, more.get("failure"), everything)
    steps, checks = (tuple(one for one in everything if (one.kind == "step") == wanted) for wanted in (True, False))
    ended = status in ("completed", "failed", "cancelled", "rolled_back")
    summary: dict[str, Any] = {
        "request_id": "req-20250816-abc123",
        "title": "customer-portal",
        "status": status,
        "kind": "bundle",
        "catalog_name": "full-stack-web-app",
        "catalog_title": "Full Stack Web Application",
        "version": "2.1.0",
        "requester_user_id": "sarah-123",
        "requester_name": "Sarah",
        "team": "customer-experience",
        "created_at": at(45),
        "updated_at": at(0),
        "completed_at": NOON if ended else None,
        "last_event": len(events),
        "failure": None,
    }
    head = Summary(**{**summary, **more})
    detail = Detail(head, "sarah@example.com", {}, (), items, steps, outputs, {}, manual_only=False, checks=checks)
    return Case(detail, tickets, tuple(reversed(events)), Viewer(person(who), NOON, UTC))


def linked(about: Ticket) -> TicketLink:
    """The same ticket as its step shows it."""
    dates = about.created_at, about.due_at
    return TicketLink(about.ticket_id, about.status, about.owner_team, about.claimed_by, *dates, about.type)
