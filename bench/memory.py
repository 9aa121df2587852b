"""How much memory web and worker hold, and whether it grows with what they have done."""

import time

from bench.calls import Call, Line
from bench.processes import rss_mb
from bench.rows import Row, row
from bench.stage import Scale, Stage
from bench.workflows import UNFINISHED
from dev.processes import descendants

LIMIT_MB = 120.0
FLAT = 1.05
TOO_LONG = 600.0


def measure(stage: Stage, scale: Scale) -> list[Row]:
    """The rows of memory: after a fifth of the requests, and after all of them."""
    number = scale.of(5_000, 300, 5)
    with stage.workers(2) as workers, stage.web() as (url, web):
        processes = {"web": descendants(web.pid), "worker": [worker.pid for worker in workers]}
        _order(stage, url, number // 5)
        early = {name: max(map(rss_mb, numbers)) for name, numbers in processes.items()}
        _order(stage, url, number - number // 5)
        late = {name: max(map(rss_mb, numbers)) for name, numbers in processes.items()}
    rows = [
        row(f"{name} process after {number:,} requests, resident", f"{LIMIT_MB:g} MB", late[name], LIMIT_MB, "<= 1", "MB")
        for name in late
    ]
    flat = [
        row(f"{name} process after {number:,} requests", f"after {number // 5:,}", late[name], early[name], f"<= {FLAT}", "MB")
        for name in late
    ]
    return rows + flat


def _order(stage: Stage, url: str, number: int) -> None:
    """Order so many, look at each and at the list as a client does, and wait until all are done."""
    order = Call.post("/api/v1/requests", b'{"catalog_item": "five-steps"}', stage.token)
    looks = [Call.get(path, stage.token) for path in ("/api/v1/requests", "/api/v1/catalog/items")]
    with Line(url) as line, stage.connect() as connection:
        for count in range(number):
            line.send(order)
            line.send(looks[count % 2])
        until = time.monotonic() + TOO_LONG
        while connection.execute(UNFINISHED).fetchone() != (0,) and time.monotonic() < until:
            time.sleep(0.05)
