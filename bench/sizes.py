"""Lists, search, tags and the status page in a small house and in a large one: the same calls, in turn, in one process."""

import contextvars
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from flask import Flask
from flask.testing import FlaskClient
from psycopg import sql

from app import create_app
from app.extensions import db
from app.queries.paging import Cursors
from bench import seed
from bench.rows import Row, row
from bench.stage import Scale, Stage
from bench.timing import alternate, p50, timed
from bench.visitors import visitor
from config import Settings

REACH = "<= 1.5"
WITH_STEPS = 10_000
CAST: Mapping[str, tuple[str, ...]] = {
    "sarah-123": ("customer-experience",),
    "erin-321": ("platform-compute-team", "platform-solutions-team"),
    "dana-001": ("stratus-administrators",),
    "mallory-666": ("growth",),
}
"""Sarah's team ordered a fifth of everything, Erin's teams work on two thirds, Dana sees all, Mallory's team ordered three."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One call: of the API with a token or of a page with a session. `{newest}` and `{middle}` are filled in."""

    name: str
    path: str
    who: str = "sarah-123"


API, PAGE = "/api/v1", ""
CALLS = (
    Asked("API: requests", f"{API}/requests"),
    Asked("API: requests, an administrator", f"{API}/requests", "dana-001"),
    Asked("API: requests, a platform team", f"{API}/requests", "erin-321"),
    Asked("API: requests, a team that has three", f"{API}/requests", "mallory-666"),
    Asked("API: requests, mine that failed", f"{API}/requests?mine=true&status=failed&limit=20"),
    Asked("API: requests, a page in the middle", f"{API}/requests?limit=20&cursor={{middle}}"),
    Asked("API: requests, by words", f"{API}/requests?q=portal&limit=20"),
    Asked("API: one request", f"{API}/requests/{{newest}}"),
    Asked("API: its events", f"{API}/requests/{{newest}}/events"),
    Asked("API: tickets", f"{API}/tickets", "erin-321"),
    Asked("API: items", f"{API}/catalog/items?limit=6"),
    Asked("API: bundles of a tag", f"{API}/catalog/bundles?tags=web-app"),
    Asked("API: search", f"{API}/catalog/search?q=postgres"),
    Asked("page: my requests", "/requests"),
    Asked("page: all requests", "/requests?view=all", "erin-321"),
    Asked("page: status of a request", "/requests/{newest}"),
    Asked("page: home", "/"),
    Asked("page: queue", "/queue", "erin-321"),
    Asked("page: catalog, a tag", "/catalog?tag=database"),
    Asked("page: catalog, words", "/catalog?q=postgres"),
    Asked("page: catalog, all", "/catalog"),
)


def measure(stage: Stage, scale: Scale) -> list[Row]:
    """The rows of sizes."""
    small = (scale.of(1_000, 1_000, 100), 3)
    large = (scale.of(1_000_000, 50_000, 200), scale.of(100_000, 5_000, 40) - 7)
    turn, rounds = scale.of(20, 8, 1), scale.of(5, 3, 1)
    with stage.app.app_context():
        db.engine.dispose()  # a database with connections cannot be copied
    with ExitStack() as stack:
        houses = {name: stack.enter_context(_house(stage, name, *size)) for name, size in (("small", small), ("large", large))}
        return [_compared(asked, houses, turn, rounds) for asked in CALLS]


def _compared(asked: Asked, houses: Mapping[str, "Sized"], turn: int, rounds: int) -> Row:
    sides = {name: house.side(asked, turn) for name, house in houses.items()}
    for side in sides.values():
        side()
    seen = alternate(sides, rounds)
    sizes = [f"{house.requests:,} requests and {house.entries:,} entries" for house in houses.values()]
    return row(f"{asked.name}, {sizes[1]}", sizes[0], p50(seen["large"]), p50(seen["small"]), REACH, "ms")


@dataclass
class Sized:
    """A house of some size with its callers."""

    app: Flask
    requests: int
    entries: int
    clients: Mapping[str, FlaskClient]
    tokens: Mapping[str, str]
    known: Mapping[str, str]

    def side(self, asked: Asked, number: int) -> Callable[[], list[float]]:
        """The side of one call for `alternate`."""
        client = self.clients[asked.who]
        path = asked.path.format(**self.known)
        headers = {"Authorization": f"Bearer {self.tokens[asked.who]}"} if path.startswith(API) else {}

        def call() -> None:
            answer = client.get(path, headers=headers)
            if answer.status_code != 200:
                raise RuntimeError(f"{path} answered {answer.status}: {answer.text[:300]}")

        # No app context of ours reaches the portal: nothing of one call is seen by the next.
        return lambda: [contextvars.Context().run(timed, call) for _ in range(number)]


@contextmanager
def _house(stage: Stage, name: str, requests: int, entries: int) -> Iterator[Sized]:
    with stage.connect(superuser=True, database="postgres") as connection:
        copy = sql.SQL("CREATE DATABASE {} TEMPLATE stratus OWNER stratus").format(sql.Identifier(name))
        connection.execute(copy)
    with stage.connect(superuser=True, database=name) as connection:
        seed.requests(connection, requests, prefix="req-", with_steps=WITH_STEPS)
        seed.entries(connection, entries)
        connection.execute("SET session_replication_role = DEFAULT")
        seed.settle(connection)
    settings = stage.settings.model_copy(update={"database_url": stage.settings.database_url.rpartition("/")[0] + f"/{name}"})
    app = create_app(settings)
    with app.app_context():
        made = {who: visitor(app, settings, who, teams) for who, teams in CAST.items()}
        known = _known(settings)
        yield Sized(
            app,
            requests,
            entries + 7,
            {who: one[0] for who, one in made.items()},
            {who: one[1] for who, one in made.items()},
            known,
        )
        db.session.remove()
        db.engine.dispose()


def _known(settings: Settings) -> dict[str, str]:
    mine = "FROM service_requests WHERE requester_team = 'customer-experience' ORDER BY created_at DESC, id DESC"
    newest = db.session.execute(db.text(f"SELECT request_id {mine} LIMIT 1")).scalar_one()
    half = db.session.execute(db.text(f"SELECT count(*) / 2 FROM (SELECT 1 {mine}) AS them")).scalar_one()
    at, key = db.session.execute(db.text(f"SELECT created_at, id {mine} OFFSET {half} LIMIT 1")).one()
    db.session.commit()
    return {"newest": newest, "middle": Cursors(settings.signing_key).make("requests", [at.isoformat(), str(key)])}
