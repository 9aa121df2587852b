"""What teams may use, and agreeing to the orders of others."""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from stratus_cli.exits import Exit, Stop
from stratus_cli.following import spoken
from stratus_cli.portal import path
from stratus_cli.reviewing import amount, money, quota_lines
from stratus_cli.session import Session, command, confirmed, pages
from stratus_cli.text import clean, facts, table

STATUSES = ("pending", "approved", "rejected", "sent_back", "void")


@click.command()
@command
def quota(session: Session) -> None:
    """Show what your teams may use, and have used."""
    found = session.portal().get("/quotas")
    rows = [
        (team["team"], one["title"], *(amount(one[key]) for key in ("used", "reserved", "limit", "available")), one["unit"])
        for team in found["teams"]
        for one in team["resources"]
    ]
    head = ("team", "resource", "used", "reserved", "limit", "available", "unit")
    session.show_rows(found, head, rows, "Your teams have no limits.")


@click.group()
def approvals() -> None:
    """Agree to the orders of others, or not."""


@approvals.command("list")
@click.option("--status", "statuses", multiple=True, type=click.Choice(STATUSES), help="Only these. [pending]")
@click.option("--waiting", is_flag=True, help="Only what you can decide now.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, help="How many at most. [50]")
@command
def list_(session: Session, statuses: tuple[str, ...], waiting: bool, limit: int) -> None:
    """List what you are asked to agree to, oldest first."""
    found = pages(
        session.portal(), "/approvals", "approvals", {"status": statuses or STATUSES[:1], "waiting": waiting or None}, limit
    )
    rows = [
        (
            one["approval_id"],
            spoken(one["status"]),
            one["request"]["request_id"],
            one["request"]["title"],
            one["request"]["team"],
        )
        for one in found["approvals"]
    ]
    session.show_rows(found, ("approval", "status", "request", "title", "for team"), rows, "Nothing waits for your agreement.")


@approvals.command()
@click.argument("approval_id")
@command
def show(session: Session, approval_id: str) -> None:
    """Show an order with all that is needed to decide."""
    found = session.portal().get(path("approvals", approval_id))
    session.show(found, lambda: _lines(found))


@approvals.command()
@click.argument("approval_id")
@click.option("--comment", metavar="TEXT", help="What others should know.")
@click.option("-y", "--yes", is_flag=True, help="Without looking at it first.")
@command
def approve(session: Session, approval_id: str, comment: str | None, yes: bool) -> None:
    """Agree. What was shown is what you agree to: an order that changed meanwhile is a conflict (exit code 5)."""
    _decide(session, approval_id, "approve", {"comment": comment} if comment else {}, yes)


@approvals.command()
@click.argument("approval_id")
@click.option("--reason", prompt=True, help="Why not; the requester reads it.")
@click.option("-y", "--yes", is_flag=True, help="Without looking at it first.")
@command
def reject(session: Session, approval_id: str, reason: str, yes: bool) -> None:
    """Say no: the request ends."""
    _decide(session, approval_id, "reject", {"reason": reason}, yes)


@approvals.command("send-back")
@click.argument("approval_id")
@click.option("--comment", prompt=True, help="What is to be changed; the requester reads it.")
@click.option("-y", "--yes", is_flag=True, help="Without looking at it first.")
@command
def send_back(session: Session, approval_id: str, comment: str, yes: bool) -> None:
    """Say no for now: the order becomes a draft of the requester."""
    _decide(session, approval_id, "send-back", {"comment": comment}, yes)


def _decide(session: Session, approval_id: str, what: str, body: Mapping[str, Any], yes: bool) -> None:
    """Decide on the order as it was shown: its digest goes along."""
    portal = session.portal()
    seen = portal.get(path("approvals", approval_id))
    if seen["refusal"]:
        raise Stop(Exit.REFUSED, f"You cannot decide {approval_id}: {seen['refusal']}.")
    if not yes:
        for line in _lines(seen):
            click.echo(line, err=session.json)
        confirmed(f"{what.replace('-', ' ').capitalize()}?", yes)
    found = portal.post(path("approvals", approval_id, what), {**body, "digest": seen["digest"]})
    session.show(found, lambda: [f"{approval_id} is {spoken(found['status'])}."])


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    request = found["request"]
    yield from facts(
        [
            ("approval", found["approval_id"]),
            ("status", spoken(found["status"])),
            ("request", f"{request['request_id']} {request['title']}"),
            ("entry", f"{request.get('catalog_bundle') or request.get('catalog_item')} {request['version']}"),
            ("by", f"{request['requester']} for {request['team']}"),
            ("asked of", f"{found['count']} of {found['by'].get('team') or found['by'].get('role')}"),
            ("reason", found["reason"]),
            ("until", found["due_at"]),
            ("price", money(found["price"]["total"], found["price"]) if found["price"] else None),
        ]
    )
    for part, answers in found["answers"].items():
        yield f"\n{clean(part)}"
        yield from ("  " + line for line in facts(answers.items()))
    yield from quota_lines(found["quotas"])
    rows = [(one["by"], spoken(one["vote"]), one["comment"]) for one in found["votes"]]
    if rows:
        yield "\nSaid so far"
        yield from ("  " + line for line in table(("who", "what", "comment"), rows))


COMMANDS = (quota, approvals)
