"""`ManualTask`: what the person is told."""

from datetime import timedelta

from app.core.outcomes import NeedsHuman
from app.core.step_params import ManualTaskParams
from app.steps.manual import ManualTask
from tests.steps.exchanges import context


def test_a_person_is_asked_with_the_rendered_instructions():
    params = ManualTaskParams(instructions="Create customer_portal_db by hand.", assign_to="carol-789", due="2d")
    asked = ManualTask().run(context(params))
    assert asked == NeedsHuman("Create customer_portal_db by hand.", assign_to="carol-789", due=timedelta(days=2))


def test_a_due_date_that_cannot_be_read_does_not_keep_the_work_from_a_person():
    lines = []
    asked = ManualTask().run(context(ManualTaskParams(instructions="Do it.", due="soon"), log=lines.append))
    assert asked.due is None
    assert "'soon'" in lines[0]
