"""What a plan of a step was made of, as marks that are compared later: how often the step ran, its state, its inputs."""

from typing import Any

from sqlalchemy import Connection, Row, func, select

from app.core.step_plan import inputs_digest
from app.models import TerraformState
from app.models.tables import STEP


def marks(connection: Connection, step: Row[Any], request: Row[Any]) -> dict[str, Any]:
    """`{attempt, state_version, inputs}` of a step as it is now. state_version: None of a state that lies elsewhere.

    Cost: two indexed reads.
    """
    version = select(func.max(TerraformState.version)).where(TerraformState.step_id == step.id)
    parents = connection.execute(
        select(STEP.c.step_id, STEP.c.status, STEP.c.completed_at)
        .where(STEP.c.request_id == step.request_id, STEP.c.step_id.in_(step.depends_on))
        .order_by(STEP.c.position)
    )
    digest = inputs_digest(
        step.step_config.get("template"),
        [request.bundle_parameters, request.item_parameters],
        [[one.step_id, one.status, str(one.completed_at)] for one in parents],
    )
    return {"attempt": step.attempt, "state_version": connection.scalar(version), "inputs": digest}
