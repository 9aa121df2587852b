"""The manual queue: what waits for people, and finishing it by hand."""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from stratus_cli import orders
from stratus_cli.asking import Asker
from stratus_cli.entry import Part
from stratus_cli.following import spoken
from stratus_cli.portal import path
from stratus_cli.session import Session, command, pages
from stratus_cli.text import clean, facts, label, table
from stratus_cli.values import setting

STATUSES = ("open", "claimed", "adopting", "resolved", "rejected", "retried")


@click.group()
def tickets() -> None:
    """Work what waits for people."""


@tickets.command("list")
@click.option("--status", "statuses", multiple=True, type=click.Choice(STATUSES), help="Only these. [open, claimed]")
@click.option("--mine", is_flag=True, help="Only those that you have claimed.")
@click.option("--owner-team", metavar="TEAM", help="Only those that this team works.")
@click.option("--request", "request_id", metavar="ID", help="Only those of this request.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, help="How many at most. [50]")
@command
def list_(
    session: Session, statuses: tuple[str, ...], mine: bool, owner_team: str | None, request_id: str | None, limit: int
) -> None:
    """List tickets, oldest first."""
    asked = {
        "status": statuses or STATUSES[:2], "mine": mine or None, "owner_team": owner_team, "request_id": request_id
    }  # fmt: skip
    found = pages(session.portal(), "/tickets", "tickets", asked, limit)
    rows = [
        (one["ticket_id"], one["status"], one["owner_team"], one["claimed_by"], one["request_id"], one["title"])
        for one in found["tickets"]
    ]
    head = ("ticket", "status", "team", "claimed by", "request", "title")
    session.show_rows(found, head, rows, "Nothing waits for people.")


@tickets.command()
@click.argument("ticket_id")
@command
def show(session: Session, ticket_id: str) -> None:
    """Show a ticket with all that is needed to finish its step."""
    found = session.portal().get(path("tickets", ticket_id))
    session.show(found, lambda: _lines(found))


@tickets.command()
@click.argument("ticket_id")
@click.option("--release", is_flag=True, help="Give it back instead.")
@command
def claim(session: Session, ticket_id: str, release: bool) -> None:
    """Take a ticket, so that others see who is at it."""
    found = session.portal().post(path("tickets", ticket_id, "release" if release else "claim"))
    session.show(found, lambda: [f"{ticket_id} is {found['status']}."])


@tickets.command()
@click.argument("ticket_id")
@click.option(
    "-s",
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="One output. NAME=@FILE takes a file's text, NAME:=JSON takes JSON.",
)
@click.option(
    "--adopt",
    "adopted",
    multiple=True,
    metavar="ADDRESS=ID",
    help="Something that you made, for Terraform to take over: its address in the module, and what its provider calls it.",
)
@click.option("--comment", metavar="TEXT", help="What others should know.")
@click.option("--ask/--no-ask", default=None, help="Whether to ask for the outputs; by itself at a terminal.")
@command
def resolve(
    session: Session, ticket_id: str, settings: Sequence[str], adopted: Sequence[str], comment: str | None, ask: bool | None
) -> None:
    """Finish a ticket's step with outputs that were made by hand; the request goes on with them.

    Nothing is made up for an output that is missing: at a terminal you are asked for each one. With --adopt the module yields
    them, and nobody is asked without --ask.
    """
    adopt = [_adopted(text) for text in adopted]
    portal = session.portal()
    fields = portal.get(path("tickets", ticket_id))["outputs_form"]["fields"]
    part = Part("Outputs", (), frozenset(), fields)
    given: dict[str, Any] = {}
    for text in settings:
        one = setting(text)
        orders.put(given, one.names, one.value(part.field(one.names[0])))
    if (sys.stdin.isatty() and not adopt) if ask is None else ask:
        Asker(raised=lambda _part, fields: [one["name"] for one in fields]).part(part, given)
        # A default is an offer of the form: whoever presses Return has taken it.
        given = {**{one["name"]: one["default"] for one in fields if one.get("default") is not None}, **given}
    body = {"outputs": given} | ({"comment": comment} if comment else {}) | ({"adopt": adopt} if adopt else {})
    found = portal.post(path("tickets", ticket_id, "resolve"), body)
    session.show(found, lambda: [_resolved(ticket_id, found["status"])])


def _adopted(text: str) -> dict[str, str]:
    """`ADDRESS=ID`; an `=` within the brackets of an address is part of it. Raises BadParameter."""
    found = re.fullmatch(r"((?:[^=\[]|\[[^]]*\])+)=(.+)", text, re.DOTALL)
    if found is None:
        raise click.BadParameter(f"{text!r} must be ADDRESS=ID, such as aws_db_instance.main=db-123", param_hint="--adopt")
    return {"address": found[1], "id": found[2]}


def _resolved(ticket_id: str, status: str) -> str:
    if status != "adopting":
        return f"{ticket_id} is {status}."
    return f"{ticket_id} is being taken over by Terraform; `stratus tickets show {ticket_id}` says what came of it."


@tickets.command()
@click.argument("ticket_id")
@click.option("--reason", prompt=True, help="Why it cannot be done.")
@command
def reject(session: Session, ticket_id: str, reason: str) -> None:
    """Say that it cannot be done: its request fails."""
    found = session.portal().post(path("tickets", ticket_id, "reject"), {"reason": reason})
    session.show(found, lambda: [f"{ticket_id} is {found['status']}."])


@tickets.command("retry")
@click.argument("ticket_id")
@command
def retry_automation(session: Session, ticket_id: str) -> None:
    """Let the automation run again instead."""
    found = session.portal().post(path("tickets", ticket_id, "retry-automation"))
    session.show(found, lambda: [f"{ticket_id} is {found['status']}."])


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    yield from facts(
        [
            ("ticket", found["ticket_id"]),
            ("title", found["title"]),
            ("status", spoken(found["status"])),
            ("team", found["owner_team"]),
            ("claimed by", found["claimed_by"]),
            ("request", f"{found['request_id']} {found['step_id']}"),
            ("due", found["due_at"]),
        ]
    )
    if found["error"]:
        yield f"\nError: {clean(found['error']['message'])}"
    yield from _adoption(found.get("adoption") or {})
    yield f"\n{clean(found['instructions'])}"
    if found["inputs"]:
        yield "\nInputs"
        yield from ("  " + line for line in facts(found["inputs"].items()))
    fields = found["outputs_form"]["fields"]
    if fields:
        yield "\nOutputs to enter"
        rows = [(one["name"], one.get("type"), one.get("default"), label(one)) for one in fields]
        yield from ("  " + line for line in table(("name", "type", "default", "title"), rows))


def _adoption(adoption: Mapping[str, Any]) -> Iterator[str]:
    """What Terraform took over, or was to, why it could not, and what its next run would change."""
    if adoption:
        yield "\nFor Terraform to take over"
        yield from (
            "  " + line for line in table(("address", "id"), [(one["address"], one["id"]) for one in adoption["adopt"]])
        )
        if adoption["error"]:
            yield f"It could not: {clean(adoption['error']['message'])}"
        for one in adoption["pending"]:
            yield f"Its next run would {one['action']} {clean(one['resource'])}."


COMMANDS = (tickets,)
