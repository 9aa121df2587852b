"""The plain case of a worker's transaction in one call of the database: record a step that is done, take the next one.

`advance.sql` is that call. It handles what nearly every step is: done, with children that wait for nothing else, in a request
that is simply being built. For everything else (a ticket, a retry, an output to be made, a request that is cancelled) it writes
nothing and answers ELSEWHERE, and `progress.record` and `claims.claim_next` do it. Both write the same rows; a test compares
them.
"""

import json
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row
from psycopg.types.json import Json, Jsonb
from sqlalchemy import Connection

from app.core.outcomes import Done
from app.core.statuses import REQUEST_MOVES, STEP_MOVES, Activity, RequestStatus, StepStatus, sources
from app.lifecycle.engine.claims import Claim, Claimant
from app.lifecycle.engine.result import Result
from app.lifecycle.engine.scopes import secret_cell
from app.models.tables import STEP
from app.vault import Vault

ELSEWHERE = "elsewhere"


def _written(statuses: Collection[StepStatus]) -> str:
    """Statuses as an array in a statement: what is the same in each call is not sent with each."""
    return f"'{{{','.join(sorted(statuses))}}}'::text[]"


_MOVES = ", ".join(
    map(
        _written,
        (
            sources(STEP_MOVES, StepStatus.COMPLETED, StepStatus.RUNNING),
            sources(STEP_MOVES, StepStatus.READY, StepStatus.PENDING),
            sources(STEP_MOVES, StepStatus.RUNNING, StepStatus.READY),
        ),
    )
)
"""From where a step is done, becomes ready, and is taken."""
# The two moves of a request that the function makes are written into it; these lines raise IllegalMove if they were not legal.
sources(REQUEST_MOVES, RequestStatus.IN_PROGRESS, RequestStatus.SUBMITTED)
sources(REQUEST_MOVES, RequestStatus.COMPLETED, RequestStatus.IN_PROGRESS)

_NEEDED = [
    "id",
    "request_id",
    "step_id",
    "step_name",
    "step_title",
    "step_type",
    "step_config",
    "verification_config",
    "item_alias",
    "owner_team",
    "module_sha256",
    "status",
    "activity",
    "attempt",
    "attempt_group",
    "group_attempt",
    "losses",
    "lease_token",
    "claimed_at",
    "claimed_by",
    "deadline",
    "stop_wanted",
    "handle",
    "external_id",
    "tracking_url",
    "outputs",
]
"""The columns of a claimed step that performing and recording look at; a row has some fifty."""
_COLUMNS = ", ".join(f"(step).{name}" for name in _NEEDED)
_CALL = f"""
SELECT said, made_ready, contended, request AS request_key, request_id AS request_name, {_COLUMNS}
FROM stratus_advance(
    %(request)s, %(step)s, %(attempt)s, %(token)s,
    %(inputs)s, %(outputs)s, %(secret)s, %(sensitive)s, %(checks)s, %(external)s, %(tracking)s,
    {_MOVES},
    %(take)s, %(worker)s, %(lease)s, %(budget)s
)
"""  # noqa: S608  the columns are the names above, the statuses those of `core.statuses`
_NOTHING_DONE = dict.fromkeys(
    ("request", "step", "attempt", "token", "inputs", "outputs", "secret", "sensitive", "checks", "external", "tracking")
)


@dataclass(frozen=True, slots=True)
class Advanced:
    """What a call came to.

    elsewhere: nothing was written. made_ready: how many children became ready. taken: the next step. contended: there is none
    for us, but one that somebody else holds at this moment.
    """

    elsewhere: bool
    made_ready: int
    contended: bool
    taken: Claim | None


def is_plain(claim: Claim, result: Result) -> bool:
    """Whether the call may know how to record this: a step that is done; no undo, no plan, nothing taken over."""
    return isinstance(result.outcome, Done) and claim.activity not in (Activity.UNDO, Activity.PLAN, Activity.ADOPT)


def advance(
    connection: Connection, claim: Claim | None, result: Result | None, claimant: Claimant, vault: Vault, *, take: bool
) -> Advanced:
    """Record `result` of `claim`, if given, and with `take` claim the next ready step. One statement, a transaction of its own.

    connection: in autocommit. result: one that `is_plain`. Raises psycopg.OperationalError when the server does not answer.
    """
    given = {
        **(_NOTHING_DONE if claim is None or result is None else _done(claim, result, vault)),
        "take": take,
        "worker": claimant.worker,
        "lease": claimant.lease,
        "budget": claimant.budget,
    }
    with _driver(connection).cursor(row_factory=namedtuple_row) as cursor:
        row: Any = cursor.execute(_CALL, given).fetchone()
    assert row is not None, "a function answers one row"
    return Advanced(row.said == ELSEWHERE, row.made_ready, row.contended, _claim(row) if row.id is not None else None)


def _driver(connection: Connection) -> psycopg.Connection[Any]:
    """The driver's own connection: for one statement a step, what SQLAlchemy does around it costs as much as the statement."""
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]  # typed as Any or None
    return driver


def _done(claim: Claim, result: Result, vault: Vault) -> dict[str, Any]:
    outcome = result.outcome
    assert isinstance(outcome, Done)
    secret = {name: outcome.outputs[name] for name in outcome.sensitive if name in outcome.outputs}
    return {
        "request": claim.request,
        "step": claim.step.id,
        "attempt": claim.step.attempt,
        "token": claim.token,
        "inputs": None if result.inputs is None else Json(dict(result.inputs)),
        "outputs": Json({name: value for name, value in outcome.outputs.items() if name not in secret}),
        "secret": vault.encrypt(json.dumps(secret).encode(), secret_cell(claim.step.id)) if secret else None,
        "sensitive": Jsonb(sorted(secret)),
        "checks": None if result.checks is None else Jsonb([dict(check) for check in result.checks]),
        "external": outcome.external_id,
        "tracking": outcome.tracking_url,
    }


def _claim(row: Any) -> Claim:
    token: uuid.UUID = row.lease_token
    return Claim(row, row.request_key, row.request_name, token, Activity.RUN, f"{row.id}:{row.attempt_group}")


assert set(_NEEDED) <= set(STEP.c.keys()), "a column that is asked for is gone"
