"""Searching a large catalog: the whole call and the whole page, well spelt and misspelt, beside the query alone."""

import contextvars
import random
from collections.abc import Callable, Mapping, Sequence
from itertools import cycle

from flask.testing import FlaskClient
from psycopg import Connection

from bench import seed
from bench.rows import Row, row
from bench.stage import Scale, Stage
from bench.timing import alternate, p95, timed
from bench.visitors import visitor

MOST = 50.0
"""Milliseconds that nineteen of twenty searches may take."""
RAW = """
SELECT id FROM catalog_items, to_tsquery('simple', %s) AS asked
WHERE search_vector @@ asked AND active ORDER BY ts_rank(search_vector, asked) DESC LIMIT 25
"""
QUERY, BROAD_QUERY = "the query alone", "the query alone, which ranks them all"
WELL, MISSPELT = "API: search, two words", "API: search, two words misspelt"
BROAD, PAGE = "API: search, two words that all have", "page: catalog, two words misspelt"
Side = Callable[[], Sequence[float]]


def measure(stage: Stage, scale: Scale) -> list[Row]:
    """The rows of search."""
    entries, turn, rounds = scale.of(100_000, 20_000, 400), scale.of(60, 20, 2), scale.of(5, 3, 1)
    with stage.connect(superuser=True) as connection:
        seed.entries(connection, entries)
        seed.settle(connection)
    with stage.app.app_context():
        browser, token = visitor(stage.app, stage.settings, "sarah-123", ["customer-experience"])
    with stage.connect() as connection:
        sides = _sides(browser, token, connection, entries)
        for side in sides.values():
            side(1)
        seen = alternate({name: _turns(side, turn) for name, side in sides.items()}, rounds)
    late = {name: p95(samples) for name, samples in seen.items()}
    of = f"{entries:,} entries, p95"
    within = [row(f"{name}, {of}", f"{MOST:g} ms", late[name], MOST, "<= 1", "ms") for name in (WELL, MISSPELT, BROAD, PAGE)]
    # A query of a quarter of a millisecond beside a whole call with its token, limits and facets: noted more than reached for.
    compared = ((WELL, QUERY, "<= 100"), (MISSPELT, QUERY, "<= 100"), (BROAD, BROAD_QUERY, "<= 1"))
    return within + [
        row(f"{name}, {of}, whole call", than, late[name], late[than], reach, "ms") for name, than, reach in compared
    ]


def _turns(side: Callable[[int], list[float]], turn: int) -> Side:
    return lambda: side(turn)


def _sides(
    browser: FlaskClient, token: str, connection: Connection, entries: int
) -> Mapping[str, Callable[[int], list[float]]]:
    """What is timed. Each call asks for other words than the one before."""
    pairs = [seed.words(number) for number in random.Random(1).sample(range(1, entries // 10), 30)]  # noqa: S311
    right, wrong = [" ".join(pair) for pair in pairs], [" ".join(map(misspelt, pair)) for pair in pairs]
    headers = {"Authorization": f"Bearer {token}"}

    def get(path: str, text: str) -> None:
        answer = browser.get(path, query_string={"q": text}, headers=headers if path.startswith("/api") else {})
        if answer.status_code != 200 or b"made-" not in answer.data:
            raise RuntimeError(f"{path} found nothing for {text}: {answer.status}")

    def side(call: Callable[[str], object], texts: Sequence[str]) -> Callable[[int], list[float]]:
        ring = cycle(texts)
        # No app context of ours reaches the portal: nothing of one call is seen by the next.
        return lambda number: [contextvars.Context().run(timed, lambda: call(next(ring))) for _ in range(number)]

    return {
        QUERY: side(lambda text: connection.execute(RAW, [text.replace(" ", " & ")]).fetchall(), right),
        BROAD_QUERY: side(lambda text: connection.execute(RAW, [text]).fetchall(), ["large & catalog"]),
        WELL: side(lambda text: get("/api/v1/catalog/search", text), right),
        MISSPELT: side(lambda text: get("/api/v1/catalog/search", text), wrong),
        BROAD: side(lambda text: get("/api/v1/catalog/search", text), ["large catalog"]),
        PAGE: side(lambda text: get("/catalog", text), wrong),
    }


def misspelt(word: str) -> str:
    """The word with two letters in the middle swapped, or doubled where they are the same."""
    before, one, other, after = word[:3], word[3], word[4], word[5:]
    return f"{before}{other}{one}{after}" if one != other else f"{before}{one}{one}{other}{after}"
