"""Names for shells that complete: of entries. They come from the portal, and where it is slow or away there are none."""

import click
from click.shell_completion import CompletionItem

from stratus_cli.exits import Stop
from stratus_cli.session import Session, environment

PATIENCE = 1.0


def entries(context: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
    """Entries of the catalog whose names begin so."""
    session = Session(
        context.find_root().params.get("url") or environment("STRATUS_URL"), environment("STRATUS_TOKEN"), False, PATIENCE
    )
    try:
        portal = session.portal()
        found = [one for kind in ("bundles", "items") for one in portal.get(f"/catalog/{kind}", {"limit": 100})[kind]]
    except Stop:
        return []
    return [CompletionItem(one["name"], help=one["title"]) for one in found if one["name"].startswith(begun)]
