"""What a step notes before it acts: kept with its attempt, under its lease, so that a probe knows how far it had come."""

import logging
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine, select, update
from sqlalchemy.exc import SQLAlchemyError

from app.lifecycle.engine.claims import Claim
from app.models.tables import ATTEMPT, STEP

log = logging.getLogger(__name__)


def note(engine: Engine, claim: Claim, facts: Mapping[str, Any]) -> bool:
    """Keep `facts` in the place of what was noted before; False when that cannot be done, or the lease is not ours any more."""
    ours = select(STEP.c.id).where(STEP.c.id == claim.step.id, STEP.c.lease_token == claim.token).exists()
    mine = (ATTEMPT.c.step_id == claim.step.id, ATTEMPT.c.attempt_number == claim.step.attempt)
    try:
        with engine.begin() as connection:
            return connection.execute(update(ATTEMPT).where(*mine, ours).values(noted=dict(facts))).rowcount == 1
    except SQLAlchemyError as error:
        log.warning("a note could not be kept", extra={"step": str(claim.step.id), "error": type(error).__name__})
        return False
