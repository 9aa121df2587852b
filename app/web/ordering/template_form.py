"""The two questions about a template: what it is called, and who may use it."""

from collections.abc import Sequence

from flask import request

from app.identity import current_person
from app.web.views_fields import Choice, FieldView

NAME, TEAM = "template_name", "template_team"
MINE = "-"
"""Stands for no team: an empty value would be no choice."""


def name_fields(errors: Sequence[str] = ()) -> dict[str, FieldView]:
    """The two questions about a template: `name` and `shared`, as they were posted. errors: about the name."""
    typed, team = request.form.get(NAME, ""), request.form.get(TEAM, MINE)
    teams = [Choice(MINE, "Only me"), *(Choice(one, one) for one in sorted(current_person().teams))]
    return {
        "name": FieldView(NAME, NAME, "Name", help="What your list shows", value=typed, required=True, errors=tuple(errors)),
        "shared": FieldView(TEAM, TEAM, "Who may use it", "select", value=team, choices=teams, has_default=True),
    }


def named() -> tuple[str, str | None]:
    """What was answered: the name, and the team or None."""
    team = request.form.get(TEAM, MINE)
    return request.form.get(NAME, ""), None if team in (MINE, "") else team
