"""What is left of a fault, for the invariants to judge: rows, the witness's history, what was seen outside, dumps and logs."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from redis import Redis
from redis.exceptions import RedisError

from app.vault import Vault
from tests.chaos.load import Accepted
from tests.chaos.outside import Call
from tests.chaos.stack import VAULT_KEYS, Stack

Row = Any
OF_REQUESTS = "request_id IN (SELECT id FROM service_requests WHERE number > %s)"
OF_STEPS = f"step_id IN (SELECT id FROM request_steps WHERE {OF_REQUESTS})"
TABLES = """
SELECT c.relname AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
  AND c.relname <> 'chaos_history'
GROUP BY c.relname
"""


@dataclass
class Evidence:
    """Of the requests of one fault. Rows have names; `since` is the number of the last request before it."""

    requests: Sequence[Row] = ()
    steps: Sequence[Row] = ()
    attempts: Sequence[Row] = ()
    events: Sequence[Row] = ()
    tickets: Sequence[Row] = ()
    audit: Sequence[Row] = ()
    outputs: Sequence[Row] = ()
    history: Sequence[Row] = ()
    accepted: Sequence[Accepted] = ()
    calls: Sequence[Call] = ()
    dispatches: Sequence[Mapping[str, Any]] = ()
    complaints: Sequence[str] = ()
    notes: Sequence[Mapping[str, Any]] = ()
    """What the witnesses in the processes wrote."""
    log: Sequence[Mapping[str, Any]] = ()
    """Lines of webs and workers since the fault began, those that are JSON."""
    leaks: Sequence[str] = ()
    """Places in which a canary was seen where it does not belong."""
    orphans: Sequence[str] = ()
    overlaps: Sequence[str] = ()
    """Terraform runs of one step that were seen at the same time."""
    told: Mapping[str, Sequence[tuple[int, str]]] = field(default_factory=dict)
    """Request -> what somebody who watched it heard: number and kind of each event, in order."""
    resources: Mapping[Any, int] = field(default_factory=dict)
    """Step -> how many resources its Terraform state holds."""
    rolled: Mapping[str, int] = field(default_factory=dict)
    """Exit statuses of those who were asked to go."""


def last_number(stack: Stack) -> int:
    """The number of the newest request."""
    with stack.database() as connection:
        return int(connection.execute("SELECT COALESCE(max(number), 0) AS n FROM service_requests").fetchone().n)


def last_events(stack: Stack, since: int) -> dict[str, int]:
    """Request -> the number of its last event."""
    statement = "SELECT request_id, last_event FROM service_requests WHERE number > %s"
    with stack.database() as connection:
        return {row.request_id: row.last_event for row in connection.execute(statement, [since])}


def rows(stack: Stack, since: int) -> dict[str, list[Row]]:
    """The rows of every request after `since`, one consistent picture of them."""
    mine = {
        "requests": "SELECT * FROM service_requests WHERE number > %s ORDER BY number",
        "steps": f"SELECT * FROM request_steps WHERE {OF_REQUESTS} ORDER BY request_number, position",
        "attempts": f"SELECT * FROM step_attempts WHERE {OF_STEPS} ORDER BY step_id, attempt_number",
        "events": f"SELECT * FROM request_events WHERE {OF_REQUESTS} ORDER BY request_id, number",
        "tickets": f"SELECT * FROM manual_tickets WHERE {OF_REQUESTS} ORDER BY created_at",
        "outputs": f"SELECT * FROM request_outputs WHERE {OF_REQUESTS}",
        "history": "SELECT * FROM chaos_history WHERE request IN"
        " (SELECT id FROM service_requests WHERE number > %s) ORDER BY number",
        "audit": "SELECT * FROM audit_log WHERE substring(target FROM 'request:(req-[0-9]+-[a-z0-9]+)') IN"
        " (SELECT request_id FROM service_requests WHERE number > %s) ORDER BY id",
    }
    with stack.database() as connection, connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        return {name: connection.execute(statement, [since]).fetchall() for name, statement in mine.items()}


def resources(stack: Stack, since: int) -> dict[Any, int]:
    """Step -> how many resources its newest state holds: the vault's key is ours."""
    newest = f"SELECT DISTINCT ON (step_id) * FROM terraform_states WHERE {OF_STEPS} ORDER BY step_id, version DESC"
    vault = Vault.from_text(VAULT_KEYS)
    with stack.database() as connection:
        states = connection.execute(newest, [since]).fetchall()
    clear = {row.step_id: vault.decrypt(row.ciphertext, f"terraform_states.ciphertext:{row.id}") for row in states}
    return {step: len(json.loads(text or b"{}").get("resources", ())) for step, text in clear.items()}


def needles(stack: Stack) -> dict[str, str]:
    """Name -> text that must be nowhere."""
    canaries = stack.canaries
    told = {"step secret": canaries.outside_token, "sensitive output": canaries.output, "GitHub token": canaries.github}
    told |= {"sensitive answer": canaries.answer}
    return told | {f"token of {who}": token for who, token in stack.tokens.items()}


def leaks(stack: Stack) -> Iterator[str]:
    """Every place in which a canary is seen where it does not belong."""
    yield from leaks_in_dump(stack)
    yield from leaks_in_redis(stack)
    yield from leaks_in_logs(stack)


def leaks_in_dump(stack: Stack) -> Iterator[str]:
    """Every table, as a dump writes it, plain and with bytes in hex."""
    with stack.database() as connection:
        for table in connection.execute(TABLES).fetchall():
            yield from _found(f"table {table.name}", _copied(connection, table.name, table.columns), needles(stack))


def leaks_in_redis(stack: Stack) -> Iterator[str]:
    """Every key and value that Valkey holds."""
    secret = needles(stack)
    try:
        with Redis.from_url(stack.vk.url()) as client:
            for key in client.scan_iter(count=500):
                yield from _found(f"Redis {key.decode(errors='replace')}", key + (client.dump(key) or b""), secret)
    except RedisError:
        return


def leaks_in_logs(stack: Stack) -> Iterator[str]:
    """Every log of every process, servers included."""
    secret = needles(stack)
    for path in sorted((stack.home / "log").glob("*.log")):
        yield from _found(f"log {path.name}", path.read_bytes(), secret)


def log_lines(stack: Stack, offsets: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """The JSON lines that webs and workers wrote after `offsets` (file -> bytes), with the file as `process`."""
    for name, size in log_sizes(stack).items():
        with (stack.home / "log" / name).open("rb") as file:
            file.seek(min(offsets.get(name, 0), size))
            for line in file:
                if line.startswith(b"{"):
                    yield {**_json(line), "process": name}


def log_sizes(stack: Stack) -> dict[str, int]:
    """How long each log of webs and workers is now."""
    found = [path for kind in ("web", "worker", "streams") for path in (stack.home / "log").glob(f"{kind}-*.log")]
    return {path.name: path.stat().st_size for path in found}


def notes(stack: Stack) -> list[dict[str, Any]]:
    """What the witnesses in the processes wrote since this was asked last."""
    taken = [path.rename(path.with_suffix(".read")) for path in (stack.home / "witness").glob("*.jsonl")]
    return [_json(line.encode()) for path in taken for line in path.read_text().splitlines()]


def _copied(connection: psycopg.Connection, table: str, columns: Sequence[str]) -> bytes:
    listed = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor, cursor.copy(f'COPY (SELECT {listed} FROM "{table}") TO STDOUT') as copy:
        return b"".join(bytes(chunk) for chunk in copy)


def _found(where: str, content: bytes, secret: Mapping[str, str]) -> Iterator[str]:
    for name, text in secret.items():
        raw = text.encode()
        if raw in content or raw.hex().encode() in content:
            yield f"{where} holds a {name}"


def _json(line: bytes) -> dict[str, Any]:
    try:
        return dict(json.loads(line))
    except ValueError:
        return {"event": line.decode(errors="replace")}
