"""Gives templates their filters, tests and globals: the pure functions of this package, bound to a zone and a clock."""

from collections.abc import Callable
from datetime import datetime, tzinfo

from jinja2 import Environment

from app.web import filters, labels

CATALOG_ICONS = frozenset(
    {
        "activity",
        "container",
        "database",
        "git-branch",
        "globe",
        "hard-drive",
        "key-round",
        "layers",
        "network",
        "package",
        "server",
        "zap",
    }
)
"""What a catalog entry may name as its `icon`; the sprite holds them."""


def install(env: Environment, *, zone: tzinfo, now: Callable[[], datetime]) -> None:
    """Add everything that the components and pages use to `env`.

    zone: in which times are shown. now: the present, with an offset; asked at each use.
    """

    def here(at: datetime) -> datetime:
        return at.astimezone(zone)

    env.filters.update(
        clock=lambda at: filters.clock(here(at)),
        clock_seconds=lambda at: filters.clock_seconds(here(at)),
        when=lambda at: filters.when(here(at), here(now())),
        day_and_time=lambda at: filters.day_and_time(here(at), here(now())),
        iso=lambda at: filters.iso(here(at)),
        since=lambda at: filters.coarse(now() - at),
        duration=filters.duration,
        coarse=filters.coarse,
        number=filters.number,
        money=filters.money,
        plural=filters.plural,
        words=filters.words,
        sentence=filters.sentence,
        shorten=filters.shorten,
        wrap=filters.wrap,
        plain=filters.plain,
        shown=filters.shown,
        pretty=filters.pretty,
    )
    env.tests["link"] = filters.is_link
    env.globals.update(
        label=labels.label,
        due=lambda at: labels.due(here(at), here(now())),
        catalog_icon=catalog_icon,
    )


def catalog_icon(name: str | None, *, bundle: bool = False) -> str:
    """The icon of a catalog entry: the one that it names if there is such a one, else one for its kind."""
    if name in CATALOG_ICONS:
        return name
    return "layers" if bundle else "package"
