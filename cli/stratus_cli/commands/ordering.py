"""Ordering: asked for at the terminal, or from a file; looked at before it is sent, and sent once."""

import copy
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from stratus_cli import asking, documents, entry, following, orders, reviewing
from stratus_cli.asking import Asker
from stratus_cli.completing import entries
from stratus_cli.entry import Entry, Part
from stratus_cli.exits import Exit, Stop
from stratus_cli.orders import Order
from stratus_cli.portal import Portal, path
from stratus_cli.session import Session, command, confirmed
from stratus_cli.text import clean, fault_lines
from stratus_cli.values import Field

PROBE = {"": None}
"""An answer that no field takes: a field that is asked has a fault for it, and one that is not drops it."""
MOST_OPTIONS = 100
TEAM = {"name": "team", "type": "team", "required": True, "help_text": "Owns the result."}


@dataclass(frozen=True, slots=True)
class Given:
    """What the command line says of an order."""

    name: str | None
    file: str | None
    settings: Sequence[str]
    version: str | None
    team: str | None

    def order(self, portal: Portal) -> tuple[Order, Entry | None]:
        """The order so far, and its entry where that had to be looked at. Raises Stop."""
        order = documents.read(self.file) if self.file else {}
        self._agree(order)
        found = None
        if self.settings or not self.file:
            found = entry.load(portal, self.name or orders.named(order), self.version or order.get("version"))
            order = {**found.blank(), **order} if not self.file else {f"catalog_{found.kind}": found.name, **order}
            for text in self.settings:
                orders.assign(portal, order, found, text)
        elif self.name and not orders.named(order):
            order = {f"catalog_{entry.show(portal, self.name, self.version)[0]}": self.name, **order}
        if self.version:
            order["version"] = self.version
        if self.team:
            orders.put(order, ("requester", "team"), self.team)
        return order, found

    def _agree(self, order: Mapping[str, Any]) -> None:
        said = orders.named(order)
        if not said and not self.name:
            raise Stop(Exit.INVALID, "Say what to order: `stratus order NAME`, or a file that names it.")
        if said and self.name and said != self.name:
            raise Stop(Exit.INVALID, f"{self.file} orders {said}, not {self.name}.")


def described(function: Any) -> Any:
    """The options that say what an order is."""
    for option in (
        click.argument("name", required=False, shell_complete=entries),
        click.option(
            "-f", "--file", metavar="FILE", help="The order as the API takes it, in JSON or YAML; - for standard input."
        ),
        click.option(
            "-s",
            "--set",
            "settings",
            multiple=True,
            metavar="PATH=VALUE",
            help="One answer: postgres.database_name=shop. @FILE takes a file's text, PATH:=JSON takes JSON.",
        ),
        click.option("--version", metavar="VERSION", help="Another version than the current one."),
        click.option("--team", metavar="TEAM", help="For which of your teams."),
    ):
        function = option(function)
    return function


@click.command()
@described
@command
def validate(session: Session, /, **given: Any) -> None:
    """Look at an order without sending it: values, steps, price, quotas, approvals, or every fault (exit code 2)."""
    portal = session.portal()
    review = orders.validate(portal, Given(**given).order(portal)[0])
    session.show(review, lambda: reviewing.lines(review))
    if not review["valid"]:
        raise SystemExit(Exit.INVALID)


@click.command()
@described
@click.option("--dry-run", is_flag=True, help="Only look at it, as `stratus validate` does.")
@click.option("-y", "--yes", is_flag=True, help="Send it without asking.")
@click.option("--ask/--no-ask", default=None, help="Whether to ask for answers; by itself at a terminal, without --file.")
@click.option("--wait", is_flag=True, help="Watch it until it has ended; the exit code is its outcome.")
@click.option(
    "--key", metavar="KEY", help="Idempotency-Key: sent again under the same key, the order is made once. A new one each time."
)
@command
def order(
    session: Session,
    /,
    dry_run: bool,
    yes: bool,
    ask: bool | None,
    wait: bool,
    key: str | None,
    **given: Any,
) -> None:
    """Order a bundle or an item.

    At a terminal you are asked what its form asks. Scripts give --file or --set, and --yes.
    """
    portal, wanted = session.portal(), Given(**given)
    asks = (sys.stdin.isatty() and not wanted.file) if ask is None else ask
    made, found = wanted.order(portal)
    review = _asked(portal, made, found or _entry(portal, made)) if asks else orders.validate(portal, made)
    if not session.json or not review["valid"] or dry_run:
        session.show(review, lambda: reviewing.lines(review))
    if not review["valid"]:
        raise SystemExit(Exit.INVALID)
    if dry_run:
        return
    confirmed("Send this order?", yes)
    sent = _send(portal, made, key or str(uuid.uuid4()))
    session.show(sent, lambda: [f"Ordered: {sent['request_id']}", f"Watch it: stratus status {sent['request_id']} --follow"])
    if wait:
        ended = following.follow(portal, sent["request_id"], following.presenter() if not session.json else _quietly)
        raise SystemExit(following.outcome(ended))


def _entry(portal: Portal, order: Order) -> Entry:
    return entry.load(portal, orders.named(order), order.get("version"))


def _asked(portal: Portal, order: Order, found: Entry) -> Mapping[str, Any]:
    """Ask what is open, then again for what the portal does not accept; its word on the order in the end."""
    me = portal.get("/me")
    asker = Asker(
        raised=lambda part, fields: _raised(portal, order, part, fields),
        teams=me["teams"],
        options=lambda part, one: _options(portal, order, found, part, one),
        upload=lambda name: orders.upload(portal, name),
    )
    if len(me["teams"]) > 1 and orders.get(order, ("requester", "team")) is None:
        orders.put(order, ("requester", "team"), asker.field(found.parts[0], TEAM))
    for part in found.parts:
        answers = _answers(order, part)
        if part.optional and not asker.include(part, answers):
            continue
        if not part.optional:
            asking.heading(part.title, part.about)
        asker.part(part, answers)
    for part in found.parts:
        if orders.included(order, part):
            asker.rest(part, _answers(order, part))
    return _until_valid(portal, order, found, asker)


def _until_valid(portal: Portal, order: Order, found: Entry, asker: Asker) -> Mapping[str, Any]:
    while True:
        review = orders.validate(portal, order)
        wrong = _wrong(found, review["errors"])
        if review["valid"] or not wrong:
            return review
        click.echo("\nPlease look at these again:")
        for line in fault_lines(review["errors"]):
            click.echo(line)
        for part, names in wrong:
            asker.again(part, _answers(order, part), names)


def _wrong(found: Entry, errors: Sequence[Mapping[str, Any]]) -> list[tuple[Part, set[str]]]:
    """The fields that faults are about, by part; those of no field that can be asked are left out."""
    listed = []
    for part in found.parts:
        start = "/" + "/".join(part.place) + "/"
        told = {
            str(one["pointer"]).removeprefix(start).split("/")[0] for one in errors if str(one["pointer"]).startswith(start)
        }
        names = told & {one["name"] for one in part.fields if one["name"] not in part.fixed}
        if names:
            listed.append((part, names))
    return listed


def _answers(order: Order, part: Part) -> dict[str, Any]:
    """The answers of a part, in the order itself."""
    if orders.get(order, part.place) is None:
        orders.put(order, part.place, {})
    answers: dict[str, Any] = orders.get(order, part.place)
    if not isinstance(answers, dict):
        raise Stop(Exit.INVALID, f"{'.'.join(part.place)} is not an object in this order.")
    return answers


def _raised(portal: Portal, order: Order, part: Part, fields: Sequence[Field]) -> set[str]:
    """Which fields the answers so far raise. The portal has the rules: it is sent answers that no field takes."""
    probed: Order = copy.deepcopy(order)
    for one in fields:
        orders.put(probed, (*part.place, one["name"]), PROBE)
    told = orders.validate(portal, probed)
    start = "/" + "/".join(part.place) + "/"
    faulty = {
        str(one["pointer"]).removeprefix(start).split("/")[0] for one in told["errors"] if str(one["pointer"]).startswith(start)
    }
    return {one["name"] for one in fields} & (faulty | set(_values(told, part)))


def _values(review: Mapping[str, Any], part: Part) -> Mapping[str, Any]:
    """The values of a part as the portal told them: items stand under their `as` there."""
    values = review["values"].get(part.place[0]) or {}
    if len(part.place) > 1:
        values = next((values[name] for name in part.names if name in values), {})
    return values


def _options(portal: Portal, order: Order, found: Entry, part: Part, one: Field) -> Sequence[Mapping[str, Any]]:
    """What can be picked where the choices come from elsewhere, for the answers that these depend on."""
    kind, name = ("items", part.item) if part.item else ("bundles", found.name)
    answers = _answers(order, part)
    needed = [key for key in (one.get("options_from") or {}).get("depends_on") or () if answers.get(key) is not None]
    told = portal.get(
        path("catalog", kind, name, "options", one["name"]),
        {
            "limit": MOST_OPTIONS,
            "team": orders.get(order, ("requester", "team")),
            "answer": [f"{key}={answers[key]}" for key in needed],
        },
    )
    if told.get("problem"):
        click.echo(f"  {clean(told['problem'])}")
    listed: Sequence[Mapping[str, Any]] = told["options"]
    return listed


def _send(portal: Portal, order: Order, key: str) -> dict[str, Any]:
    try:
        sent: dict[str, Any] = portal.post("/requests", order, key=key)
    except Stop as stop:
        if stop.code == Exit.AWAY:
            raise Stop(
                Exit.AWAY,
                f"{stop.message} The order may have arrived: send the same again with --key {key}, and it is made only once.",
                stop.problem,
            ) from stop
        raise
    return sent


def _quietly(_: Mapping[str, Any]) -> None:
    """Watch without a word: standard output holds one JSON document."""


COMMANDS = (order, validate)
