"""What is refused is in the audit log too, though everything else of its transaction is taken back."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.audit import Act
from app.errors import StratusError
from app.lifecycle.caller import Caller
from app.transaction import Unit

LONGEST = 200
"""Characters of what a refused act was aimed at, which is whatever the caller wrote."""


@contextmanager
def audited(unit: Unit, caller: Caller, action: str, target: str) -> Iterator[None]:
    """What is refused inside is in the audit log too, with why."""
    try:
        yield
    except StratusError as error:
        why = {"code": error.code, "message": error.message[:LONGEST]}
        actor, origin = caller.person.user_id, (caller.address, caller.correlation_id)
        unit.refused.append(Act(actor, action, target[:LONGEST], "refused", *origin, details=why))
        raise
