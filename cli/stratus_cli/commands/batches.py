"""Many orders at once, from a file."""

import uuid
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import click

from stratus_cli.exits import Exit
from stratus_cli.following import spoken
from stratus_cli.portal import path
from stratus_cli.session import Session, command, confirmed, pages
from stratus_cli.text import fault_lines, table
from stratus_cli.values import raw

HEADERS = {".csv": "text/csv", ".json": "application/json"}


@click.group()
def batch() -> None:
    """Order many things at once."""


@batch.command()
@click.argument("file", metavar="FILE")
@click.option("--entry", metavar="NAME", help="CSV: what every row orders.")
@click.option("--version", metavar="VERSION", help="CSV: its version.")
@click.option(
    "--mode", type=click.Choice(["all_or_nothing", "row_by_row"]), help="CSV: whether one fault stops all. [all_or_nothing]"
)
@click.option("-y", "--yes", is_flag=True, help="Send it without asking.")
@click.option("--key", metavar="KEY", help="Idempotency-Key of the whole batch. A new one each time.")
@command
def send(
    session: Session, file: str, entry: str | None, version: str | None, mode: str | None, yes: bool, key: str | None
) -> None:
    """Send a file of orders, JSON or CSV. Rows that have been sent before under their keys are not ordered again.

    Ends with 2 when rows were refused.
    """
    kind = HEADERS.get(PurePath(file).suffix.lower())
    if kind is None:
        raise click.UsageError("The file's name must end with .csv or .json.")
    content = raw(file)
    confirmed(f"Send all orders of {file}?", yes)
    portal, headers = session.portal(), {"Content-Type": kind, "Idempotency-Key": key or str(uuid.uuid4())}
    found = portal.send("/requests/batch", content, headers, {"entry": entry, "version": version, "mode": mode})
    session.show(found, lambda: _lines(found))
    if found["refused"]:
        raise SystemExit(Exit.INVALID)


@batch.command()
@click.argument("batch_id")
@command
def show(session: Session, batch_id: str) -> None:
    """Show what became of each row."""
    found = session.portal().get(path("batches", batch_id))
    session.show(found, lambda: _lines(found))


@batch.command("list")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, help="How many at most. [20]")
@command
def list_(session: Session, limit: int) -> None:
    """List the batches that you sent, newest first."""
    found = pages(session.portal(), "/batches", "batches", {}, limit)
    rows = [(one["batch_id"], one["rows"], one["taken"], one["refused"], one["created_at"][:19]) for one in found["batches"]]
    session.show_rows(found, ("batch", "rows", "taken", "refused", "created"), rows, "You have sent no batches.")


def _lines(found: Mapping[str, Any]) -> Sequence[str]:
    rows = [
        (
            one["row"],
            one["key"],
            "repeated" if one["repeated"] else one["state"],
            one.get("request_id"),
            spoken(one.get("status") or ""),
        )
        for one in found["results"]
    ]
    faults = [line for one in found["results"] for line in fault_lines(one.get("errors") or ())]
    head = f"{found['batch_id']}: {found['taken']} taken, {found['refused']} refused"
    return [head, *table(("row", "key", "what", "request", "status"), rows), *faults]


COMMANDS = (batch,)
