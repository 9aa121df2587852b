"""What can be ordered."""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from stratus_cli import entry, values
from stratus_cli.completing import entries
from stratus_cli.session import Session, command, pages
from stratus_cli.text import clean, facts, label, table, usually, word

HEAD = ("name", "kind", "version", "owner", "description")


@click.group()
def catalog() -> None:
    """Look at what can be ordered."""


@catalog.command("list")
@click.option("--kind", type=click.Choice(["bundle", "item"]), help="Only bundles, or only items.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Only entries with this tag; with several, all of them.")
@click.option("--owner", "owners", multiple=True, metavar="TEAM", help="Only what this team offers; with several, any of them.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, help="How many of each kind at most. [100]")
@command
def list_(session: Session, kind: str | None, tags: tuple[str, ...], owners: tuple[str, ...], limit: int) -> None:
    """List bundles and items."""
    portal, asked = session.portal(), {"tags": tags, "owner": owners}
    kinds = [one for one in ("bundle", "item") if kind in (None, one)]
    found = {f"{one}s": pages(portal, f"/catalog/{one}s", f"{one}s", asked, limit)[f"{one}s"] for one in kinds}
    rows = [_row(one, each) for one in kinds for each in found[f"{one}s"]]
    session.show_rows(found, HEAD, rows, "Nothing in the catalog fits.")


@catalog.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Only entries with this tag.")
@click.option("--owner", "owners", multiple=True, metavar="TEAM", help="Only what this team offers.")
@click.option("--may-order", is_flag=True, help="Only what you may order.")
@click.option("--limit", type=click.IntRange(1, 100), default=20, help="How many at most. [20]")
@command
def search(
    session: Session, words: tuple[str, ...], tags: tuple[str, ...], owners: tuple[str, ...], may_order: bool, limit: int
) -> None:
    """Find entries by words or their beginnings."""
    asked = {"q": " ".join(words), "tags": tags, "owner": owners, "may_order": may_order or None, "limit": limit}
    found = session.portal().get("/catalog/search", asked)
    for one in () if session.json else found["corrected"]:
        click.echo(f"Searched for {clean(one['used'])} instead of {clean(one['typed'])}.", err=True)
    tried = f" Try {', '.join(map(clean, found['nearest']))}." if found["nearest"] else ""
    rows = [_row(each["kind"], each) for each in found["results"]]
    session.show_rows(found, HEAD, rows, f"Nothing in the catalog fits.{tried}")


@catalog.command()
@click.argument("name", shell_complete=entries)
@click.option("--version", metavar="VERSION", help="Another version than the current one.")
@command
def show(session: Session, name: str, version: str | None) -> None:
    """Show an entry with every field that an order of it has."""
    portal = session.portal()
    if session.json:
        session.show(entry.show(portal, name, version)[1], list)
    else:
        session.show(None, lambda: _lines(entry.load(portal, name, version)))


def _row(kind: str, each: Mapping[str, Any]) -> tuple[Any, ...]:
    about = each["description"] if each["may_order"] else f"Not for you: {each['why_not']}"
    return each["name"], kind, each["version"], each["owner"], about


def _lines(found: entry.Entry) -> Iterator[str]:
    document = found.document
    yield f"{clean(document['title'])} ({found.name}), {found.kind}"
    yield clean(document["description"])
    yield ""
    yield from facts(
        [
            ("version", document["version"]),
            ("versions", ", ".join(document["versions"])),
            ("owner", document["owner"]),
            ("tags", ", ".join(document["tags"]) or None),
            ("usually takes", usually(document["forecast"])),
            ("yours to order", document["may_order"] or f"no: {document['why_not']}"),
        ]
    )
    for part in found.parts:
        yield ""
        yield clean(part.title) + _when(part) + f"  [{'.'.join(part.place)}]"
        yield from ("  " + line for line in _fields(part))


def _when(part: entry.Part) -> str:
    return (", optional, included" if part.default else ", optional, not included") if part.optional else ""


def _fields(part: entry.Part) -> list[str]:
    asked = [one for one in part.fields if not one.get("hidden") and one["name"] not in part.fixed]
    rows = [(one["name"], one.get("type"), _need(one), label(one), _about(one)) for one in asked]
    return table(("field", "type", "default", "title", "about"), rows) if rows else ["Nothing to fill in."]


def _need(one: values.Field) -> str:
    if one.get("default") is not None:
        return "********" if one.get("sensitive") else word(one["default"])
    return "required" if one.get("required") else ""


def _about(one: values.Field) -> str:
    known = [text for text, _, _ in values.choices(one)]
    listed = f"one of {', '.join(known[:10])}{', …' if len(known) > 10 else ''}" if known else ""
    return "; ".join(part for part in (one.get("help_text"), listed) if part)


COMMANDS = (catalog,)
