"""Fields whose choices are not in their documents, drawn as those that have them: from elsewhere, teams, members. Pure."""

from collections.abc import Callable, Mapping, Sequence

from app.catalog.options import Offered
from app.core.fields import Choice, Field

MOST_LISTED = 100
"""More are not in the page: a script searches them, and without one the fault of a wrong answer names the nearest."""
MOST_SELECTED = 20
"""Longer lists are searched by typing."""

Offers = Callable[[Field], Offered | None]


def looks_outside(field: Field) -> bool:
    """Whether the choices of the field, or of one that lies in it, are not in its document."""
    return field.options_from is not None or field.type in ("team", "user") or any(map(looks_outside, field.inner))


def with_choices(field: Field, offered: Offered, raw: Sequence[str] = ()) -> Field:
    """The field as one that has the choices which are offered now. raw: what it shows; nothing of it gets lost."""
    known = {one.text for one in offered.choices}
    gone = [Choice(value=one, label=f"{one}, not offered now") for one in _left(raw, known)]
    if field.type == "multiselect":
        return field.model_copy(update={"options": [*offered.choices, *gone]})
    typed = is_searched(field, offered)
    listed = [] if typed and len(known) > MOST_LISTED else [*offered.choices, *gone]
    return field.model_copy(update={"type": "selection", "oneof": listed, "allow_custom": typed or field.allow_custom})


def is_searched(field: Field, offered: Offered) -> bool:
    """Whether the choices are more than a menu shows, or come and go with other answers."""
    renewed = bool(field.options_from and field.options_from.depends_on)
    return (renewed and field.type != "multiselect") or not offered.choices or len(offered.choices) > MOST_SELECTED


def note_of(offered: Offered, labels: Mapping[str, str]) -> str:
    """What there is to say about a list: what to answer first, how old it is. labels: of the other fields, by name."""
    if offered.needs:
        return f"choose {' and '.join(labels.get(name, name) for name in offered.needs)} first"
    if offered.problem and offered.fetched_at is not None:
        return f"as of {offered.fetched_at:%H:%M} UTC, the source does not answer"
    return "the source of its choices does not answer now" if offered.problem else ""


def _left(raw: Sequence[str], known: set[str]) -> list[str]:
    return [one for one in dict.fromkeys(raw) if one and one not in known]
