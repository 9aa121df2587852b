"""What became of orders: lists, status, outputs, and decisions about them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import click

from stratus_cli import following
from stratus_cli.portal import path
from stratus_cli.session import Session, command, pages
from stratus_cli.text import clean, facts, spell, table, usually

STATUSES = (
    "submitted", "pending_approval", "needs_info", "in_progress", "awaiting_manual", "cancelling", "rolling_back",
    "completed", "failed", "cancelled", "rejected", "rolled_back",
)  # fmt: skip


@click.group()
def requests() -> None:
    """Look at orders that were sent."""


@requests.command("list")
@click.option("--status", "statuses", multiple=True, type=click.Choice(STATUSES), help="Only these; may be repeated.")
@click.option("--mine", is_flag=True, help="Only what you ordered.")
@click.option("--team", metavar="TEAM", help="Only what this team ordered.")
@click.option("--entry", "name", metavar="NAME", help="Only orders of this bundle or item.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, help="How many at most. [20]")
@command
def list_(session: Session, statuses: tuple[str, ...], mine: bool, team: str | None, name: str | None, limit: int) -> None:
    """List orders that you may see, newest first."""
    asked = {"status": statuses, "mine": mine or None, "team": team, "catalog": name}
    found = pages(session.portal(), "/requests", "requests", asked, limit)
    rows = [
        (one["request_id"], following.spoken(one["status"]), one["title"], one["requester"]["user_id"], one["created_at"][:19])
        for one in found["requests"]
    ]
    session.show_rows(found, ("request", "status", "title", "by", "created"), rows, "There are no such orders.")


@click.command()
@click.argument("request_id")
@click.option("-f", "--follow", is_flag=True, help="Watch it until it has ended; the exit code is its outcome.")
@click.option(
    "--timeout",
    "seconds",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="With --follow: how long at most (exit code 7).",
)
@command
def status(session: Session, request_id: str, follow: bool, seconds: float | None) -> None:
    """Show how an order stands."""
    portal = session.portal()
    if not follow:
        found = portal.get(path("requests", request_id))
        session.show(found, lambda: _lines(found))
        return
    show = _nothing if session.json else following.presenter()
    ended = following.follow(portal, request_id, show, seconds)
    if session.json:
        session.show(ended, list)
    raise SystemExit(following.outcome(ended))


@click.command()
@click.argument("request_id")
@click.option("--item", metavar="AS", help="Only of this item of the bundle.")
@click.option("--json", "as_json", is_flag=True, help="As JSON: the values alone.")
@click.option("--env", is_flag=True, help="As lines NAME='value' of a .env file.")
@click.option("--reveal", is_flag=True, help="Sensitive values in clear, if you may see them. It is written down.")
@command
def outputs(session: Session, request_id: str, item: str | None, as_json: bool, env: bool, reveal: bool) -> None:
    """Show what an order gave."""
    if as_json and env:
        raise click.UsageError("Take --json or --env.")
    asked = {"item": item, "reveal": reveal or None}
    portal, where = session.portal(), path("requests", request_id, "outputs")
    if env:
        click.echo(portal.text(where, {**asked, "format": "env"}), nl=False)
        return
    found = portal.get(where, asked)
    if as_json:
        click.echo(json.dumps(found["outputs"], indent=2, ensure_ascii=False))
    else:
        session.show(found, lambda: _outputs(found["outputs"]) if found["outputs"] else ["There are no outputs yet."])


@click.command()
@click.argument("request_id")
@command
def receipt(session: Session, request_id: str) -> None:
    """Print the receipt of an order as JSON: what was ordered, decided and done, with a digest."""
    click.echo(json.dumps(session.portal().get(path("requests", request_id, "receipt")), indent=2, ensure_ascii=False))


@click.command()
@click.argument("request_id")
@click.option("--text", prompt=True, help="What you answer.")
@command
def answer(session: Session, request_id: str, text: str) -> None:
    """Answer what approvers asked about your order."""
    found = session.portal().post(path("requests", request_id, "answer"), {"text": text})
    session.show(found, lambda: [f"{request_id} is {following.spoken(found['status'])} now."])


def _decision(name: str, words: str, *, reason: bool, about: str) -> click.Command:
    """A command that decides something about an order."""

    @click.command(name, help=about)
    @click.argument("request_id")
    @command
    def decide(session: Session, /, request_id: str, **given: str) -> None:
        found = session.portal().post(path("requests", request_id, name), given or None)
        session.show(found, lambda: [f"{request_id} {words}: it is {following.spoken(found['status'])} now."])

    if reason:
        click.option("--reason", prompt=True, help="Why; the others of the request read it.")(decide)
    return decide


cancel = _decision("cancel", "is told to stop", reason=True, about="Stop an order; what is finished is kept.")


@click.command()
@click.argument("request_id")
@click.option("--from", "start", metavar="STEP", help="Run this step again, and everything that stands on it: step-003.")
@command
def retry(session: Session, request_id: str, start: str | None) -> None:
    """Run the failed steps of an order again, or those from a step on."""
    found = session.portal().post(path("requests", request_id, "retry"), {"from_step": start} if start else None)
    session.show(found, lambda: [_goes_on(request_id, found)])


def _goes_on(request_id: str, found: Mapping[str, Any]) -> str:
    kept, again = (_count(found[name]) for name in ("kept_steps", "again_steps"))
    return f"{request_id} tries again: it is {following.spoken(found['status'])} now. Kept: {kept}. To run again: {again}."


def _count(number: int) -> str:
    return f"{number} step" if number == 1 else f"{number} steps"


resume = _decision("resume", "goes on", reason=False, about="Let a failed or cancelled order go on.")
rollback = _decision("rollback", "is taken back", reason=True, about="Take back what an order made, the newest first.")


def _nothing(_: Mapping[str, Any]) -> None:
    """Watch without a word: standard output holds one JSON document."""


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    ordered = found.get("catalog_bundle") or found.get("catalog_item")
    yield from facts(
        [
            ("request", found["request_id"]),
            ("title", found["title"]),
            ("status", following.spoken(found["status"])),
            ("entry", f"{ordered} {found['version']}"),
            ("by", f"{found['requester']['user_id']} of {found['requester']['team']}"),
            ("created", found["created_at"]),
            ("completed", found["completed_at"]),
            *([("failure", found["failure"])] if found["failure"] else []),
            *([("waits on", _waits(found["waiting_on"]))] if found["waiting_on"] else []),
            *([("usually takes", usually(found["forecast"]))] if found["forecast"] else []),
        ]
    )
    yield ""
    rows = [
        (one["step_id"], following.spoken(one["status"]), one["title"], one["item"]) for one in found["fulfillment"]["steps"]
    ]
    yield from table(("step", "status", "title", "item"), rows)


def _waits(on: Mapping[str, Any]) -> str:
    usual = f", usually {spell(on['usual_seconds'])}" if on["usual_seconds"] is not None else ""
    return f"{on['who']} since {on['since'][:19]}{usual}"


def _outputs(values: Mapping[str, Any], inside: str = "") -> Iterator[str]:
    yield from facts((f"{inside}{name}", value) for name, value in values.items() if not isinstance(value, dict))
    for name, value in values.items():
        if isinstance(value, dict):
            yield f"{inside}{clean(name)}"
            yield from _outputs(value, f"{inside}  ")


COMMANDS = (requests, status, outputs, receipt, answer, cancel, retry, resume, rollback)
