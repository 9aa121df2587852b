"""What an order will set going, before it is sent: the picture of its steps, who works on them, and the outline of an offer."""

from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter

from app.catalog.offers import Offer, OfferItem
from app.core.expressions import ExpressionError
from app.core.fields import Field, with_blanks
from app.core.forecast import Forecast
from app.core.plan import ChosenItem, PlannedStep, plan
from app.web.filters import coarse
from app.web.forecasts import of_steps
from app.web.labels import Label, label
from app.web.phrases import SYSTEMS, listed
from app.web.requests.graph import Graph, GraphStep, layout

BY_HAND = "ManualTask"


def picture(steps: Sequence[PlannedStep], known: Forecast | None = None) -> Graph:
    """The steps as a graph; each leads to its section of the review. known: what past runs tell of their times."""
    usual = of_steps(known, steps)
    return layout([_drawn(step, usual.get(step.step_id)) for step in steps])


def builders(steps: Sequence[PlannedStep]) -> list[tuple[str, str]]:
    """Which team stands behind which steps, in the order of the steps: `[("platform-data-team", "PostgreSQL and Redis")]`."""
    found: dict[str, list[str]] = {}
    for step in steps:
        if not step.skipped:
            found.setdefault(step.owner_team, []).append(step.title)
    return [(team, listed(titles)) for team, titles in found.items()]


def outline(offer: Offer, known: Forecast | None = None) -> list[tuple[str, str]]:
    """What runs if everything is included: one line for all that runs at the same time, as pairs of words and usual time.

    Empty where the answers decide what runs.
    """
    try:
        steps = [one for one in _every_step(offer) if one.kind == "step"]
    except ExpressionError:
        return []
    optional = {item.alias for item in offer.items if not item.required}
    words = {one.step_id: one.title + (" (optional)" if one.item_alias in optional else "") for one in steps}
    usual = of_steps(known, steps)
    return [(", ".join(words[key] for key in layer), _longest(layer, usual)) for layer in _layers(steps)]


def _longest(layer: Sequence[str], usual: Mapping[str, float]) -> str:
    """How long steps take that run at the same time; empty unless it is known of each."""
    known = [usual[key] for key in layer if key in usual]
    return coarse(max(known)) if len(known) == len(layer) else ""


def _drawn(step: PlannedStep, usual: float | None) -> GraphStep:
    anchor = f"#part-{step.item_alias}" if step.item_alias else "#own"
    return GraphStep(step.step_id, step.title, _how(step, usual), anchor, step.depends_on, note=step.owner_team)


def _how(step: PlannedStep, usual: float | None) -> Label:
    if step.skipped:
        return label("skipped")
    shape = "person" if step.type == BY_HAND else "idle"
    takes = f", usually {coarse(usual)}" if usual is not None else ""
    return Label(shape, shape, SYSTEMS.get(step.type, step.type) + takes)


def _layers(steps: Sequence[PlannedStep]) -> list[list[str]]:
    own = {step.step_id for step in steps}
    sorter = TopologicalSorter({step.step_id: own.intersection(step.depends_on) for step in steps})
    sorter.prepare()
    layers: list[list[str]] = []
    while sorter.is_active():
        layers.append(sorted(sorter.get_ready()))
        sorter.done(*layers[-1])
    return layers


def _every_step(offer: Offer) -> list[PlannedStep]:
    chosen = [_chosen(item) for item in offer.items]
    if offer.kind == "item":
        return plan(chosen)
    return plan(chosen, offer.definition, offer.owner, _defaults(offer.fields), offer.modules)


def _chosen(item: OfferItem) -> ChosenItem:
    inputs = [{**spec, "name": name} for name, spec in (item.definition.get("inputs") or {}).items()]
    fields = [*((item.definition.get("presentation") or {}).get("fields") or ()), *inputs]
    return ChosenItem(
        alias=item.alias,
        catalog_item=item.catalog_item,
        version=item.version,
        title=item.title,
        owner=item.owner,
        selected=True,
        values=_defaults(fields),
        definition=item.definition,
        depends_on=item.depends_on,
        modules=item.modules,
    )


def _defaults(fields: Sequence[object]) -> dict[str, object]:
    form = [Field.model_validate(one) for one in fields]
    return with_blanks(form, {one.name: one.default for one in form})
