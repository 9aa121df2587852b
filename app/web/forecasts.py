"""What past runs tell of the next one, in words. Pure; nothing where too few runs are known."""

from collections.abc import Mapping, Sequence

from app.core.forecast import Forecast, one_in, step_key
from app.core.plan import PlannedStep
from app.web.filters import coarse, plural

UNKNOWN = "\N{EN DASH}"


def usual(found: Forecast | None) -> str:
    """`4 min`, for a narrow column."""
    return coarse(found.usual) if found else UNKNOWN


def how_often(found: Forecast | None) -> str:
    """In how many runs a person was needed, for a narrow column: `1 in 8`, `never`, `always`."""
    if found is None:
        return UNKNOWN
    return f"1 in {often}" if (often := _often(found)) > 1 else "always" if often else "never"


def about(found: Forecast | None) -> str:
    """`Usually 4 min; a person was needed in 1 of 8 runs, for 2 h.` Empty where nothing is known."""
    return f"Usually {coarse(found.usual)}; {_people(found)}." if found else ""


def facts(found: Forecast | None) -> list[tuple[str, str]]:
    """The same as terms and values, with the runs that it is known from."""
    if found is None:
        return []
    late = f", 9 of 10 within {coarse(found.late)}" if coarse(found.late) != coarse(found.usual) else ""
    people = _people(found).removeprefix("a person was needed ").capitalize()
    return [("Usual time", coarse(found.usual) + late), ("Needs a person", people), ("Known from", plural(found.runs, "run"))]


def of_steps(found: Forecast | None, steps: Sequence[PlannedStep]) -> Mapping[str, float]:
    """By id of a planned step: how many seconds it usually takes, where that is known."""
    known = found.steps if found else {}
    keys = {one.step_id: step_key(one.item_alias, one.name) for one in steps}
    return {step_id: known[key] for step_id, key in keys.items() if key in known}


def _people(found: Forecast) -> str:
    wait = f", for {coarse(found.wait)}" if found.wait is not None else ""
    often = _often(found)
    if not often:
        return "no person was needed"
    return f"a person was needed each time{wait}" if often == 1 else f"a person was needed in 1 of {often} runs{wait}"


def _often(found: Forecast) -> int:
    """In one of how many runs a person was needed; 0 for none of them, 1 for nearly all."""
    return one_in(found.share) if found.helped else 0
