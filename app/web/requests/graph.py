"""The picture of a request's steps: who waits for whom, laid out in layers, once wide and once tall for phones.

Layers go along the *main* axis (wide: to the right, tall: down), the nodes of one layer lie along the *cross* axis. An edge
that skips layers gets a lane in each of them, so that it never runs behind a node. Edges that follow from others are left
out. Everything is arithmetic: same steps, same picture.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import pairwise

from app.web.labels import Label
from app.web.requests.graph_places import BEND, Link, Plan, Shape, arrange

TALL_LAYER = 2
"""Nodes of a layer that fit beside each other on a phone; with more, the page shows a list there."""


@dataclass(frozen=True, slots=True)
class GraphStep:
    """One step as the picture shows it.

    key: its id, also the end of its node's id in the page. needs: keys it waits for. label: its state, with the words of
    the second line ("Done in 2 min 30 s"). note: the third line ("Terraform, usual 3 min"); short_note: the same for the
    narrow node. share: time spent against the usual, 0 to 1; None draws no bar. done: its outgoing edges are solid.
    """

    key: str
    title: str
    label: Label
    href: str
    needs: tuple[str, ...] = ()
    note: str = ""
    short_note: str = ""
    share: float | None = None
    done: bool = False


@dataclass(frozen=True, slots=True)
class Node:
    """A step and the top left corner of its box."""

    step: GraphStep
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow: `line` and `tip` are SVG paths; `open` while the step it comes from is not done."""

    source: str
    target: str
    line: str
    tip: str
    open: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything of one SVG. node_width, node_height: of every box."""

    width: float
    height: float
    node_width: int
    node_height: int
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """The picture in both shapes. tall: None when a layer is too wide for a phone. steps: in the given order, for lists."""

    wide: Drawing
    tall: Drawing | None
    steps: tuple[GraphStep, ...]


WIDE = Shape(down=False, length=216, breadth=88, gap=84, rest=16, port=16, lane=8, track=12)
TALL = Shape(down=True, length=88, breadth=162, gap=34, rest=10, port=40, lane=8, track=8)
TIP = 5


def layout(steps: Sequence[GraphStep]) -> Graph:
    """The picture of `steps`, in their planned order. A need that is not among them is ignored.

    Raises graphlib.CycleError when steps wait for each other in a circle, which a plan never does.
    """
    layers = _layers(steps)
    edges = _direct_edges(steps)
    wide = _draw(steps, layers, edges, WIDE)
    widest = max((list(layers.values()).count(layer) for layer in set(layers.values())), default=0)
    return Graph(wide, _draw(steps, layers, edges, TALL) if widest <= TALL_LAYER else None, tuple(steps))


def _needs(steps: Sequence[GraphStep]) -> dict[str, list[str]]:
    known = {step.key for step in steps}
    return {step.key: [key for key in dict.fromkeys(step.needs) if key in known] for step in steps}


def _layers(steps: Sequence[GraphStep]) -> dict[str, int]:
    """Each step one layer after the latest that it waits for."""
    needs = _needs(steps)
    layers: dict[str, int] = {}
    for key in TopologicalSorter(needs).static_order():
        layers[key] = max((layers[need] + 1 for need in needs[key]), default=0)
    return layers


def _direct_edges(steps: Sequence[GraphStep]) -> list[tuple[str, str]]:
    """The edges that do not follow from others: A->C is left out where A->B->C."""
    needs = _needs(steps)
    above: dict[str, set[str]] = {}
    for key in TopologicalSorter(needs).static_order():
        above[key] = set(needs[key]).union(*(above[need] for need in needs[key]))
    return [
        (need, step.key)
        for step in steps
        for need in needs[step.key]
        if not any(need in above[other] for other in needs[step.key] if other != need)
    ]


def _draw(steps: Sequence[GraphStep], layers: Mapping[str, int], edges: Sequence[tuple[str, str]], shape: Shape) -> Drawing:
    plan = arrange({step.key: layers[step.key] for step in steps}, edges, shape)
    return _paint(plan, {step.key: step for step in steps}, _starts(plan, shape), shape)


def _starts(plan: Plan, shape: Shape) -> list[float]:
    """Where each layer begins on the main axis; a gap with many turns is wider."""
    starts, at = [], 0.0
    for layer in plan.layers:
        starts.append(at)
        tracks = _tracks([link for spot in layer for link in spot.after])
        at += shape.length + max(shape.gap, shape.track * (tracks + 1) + 2 * TIP)
    return starts


def _tracks(links: Sequence[Link]) -> int:
    """Give each turning link of one gap a track of its own where two would run on top of each other; answer how many.

    Those that go up the cross axis turn later the nearer they start to its end, the others the other way round: so they do
    not cross.
    """
    turning = [link for link in links if link.leaves != link.arrives]
    turning.sort(key=lambda link: -link.leaves if link.arrives > link.leaves else link.leaves)
    taken: list[list[Link]] = []
    for link in turning:
        link.track = next((track for track, others in enumerate(taken) if not any(_clash(link, o) for o in others)), len(taken))
        if link.track == len(taken):
            taken.append([])
        taken[link.track].append(link)
    return len(taken)


def _clash(one: Link, other: Link) -> bool:
    low, high = sorted((one.leaves, one.arrives))
    other_low, other_high = sorted((other.leaves, other.arrives))
    return low < other_high + BEND and other_low < high + BEND


def _paint(plan: Plan, steps: Mapping[str, GraphStep], starts: Sequence[float], shape: Shape) -> Drawing:
    nodes = tuple(
        Node(steps[spot.key], *_point(starts[spot.layer], spot.middle - spot.breadth / 2, shape))
        for layer in plan.layers
        for spot in layer
        if spot.key
    )
    reach = max((spot.middle + spot.breadth / 2 for layer in plan.layers for spot in layer), default=0.0)
    end = starts[-1] + shape.length if starts else 0.0
    width, height = _point(end, reach, shape)
    box = _point(shape.length, shape.breadth, shape)
    return Drawing(width, height, int(box[0]), int(box[1]), nodes, tuple(_edges(plan, steps, starts, shape)))


def _point(main: float, cross: float, shape: Shape) -> tuple[float, float]:
    return (cross, main) if shape.down else (main, cross)


def _edges(plan: Plan, steps: Mapping[str, GraphStep], starts: Sequence[float], shape: Shape) -> Iterable[Edge]:
    for source, target, chain in plan.chains:
        corners = [(starts[chain[0].source.layer] + shape.length, chain[0].leaves)]
        for link in chain:
            corners += _turn(link, plan, starts, shape)
        tip_at, cross = corners.pop()
        corners.append((tip_at - TIP, cross))
        x, y = _point(tip_at, cross, shape)
        tip = f"M{x:g} {y:g} " + ("l-4 -7 h8 z" if shape.down else "l-7 -4 v8 z")
        yield Edge(source, target, _path(corners, shape), tip, open=not steps[source].done)


def _turn(link: Link, plan: Plan, starts: Sequence[float], shape: Shape) -> list[tuple[float, float]]:
    """The corners of a link: along its gap, over to the other height on its track, and on to the next layer."""
    layer = link.source.layer
    begin, end = starts[layer] + shape.length, starts[layer + 1]
    if link.leaves == link.arrives:
        return [(end, link.arrives)]
    tracks = 1 + max(other.track for spot in plan.layers[layer] for other in spot.after)
    at = round(begin + (end - TIP - begin) * (link.track + 1) / (tracks + 1))
    return [(at, link.leaves), (at, link.arrives), (end, link.arrives)]


def _path(corners: Sequence[tuple[float, float]], shape: Shape) -> str:
    """An SVG path along `corners` with rounded bends; corners on a straight line are no bends."""
    bends = _bends(corners)
    parts = ["M{:g} {:g}".format(*_point(*bends[0], shape))]
    for before, corner, after in zip(bends, bends[1:], bends[2:], strict=False):
        round_by = min(BEND, _distance(before, corner) / 2, _distance(corner, after) / 2)
        into, out = _towards(corner, before, round_by), _towards(corner, after, round_by)
        parts.append("L{:g} {:g}".format(*_point(*into, shape)))
        parts.append("Q{:g} {:g} {:g} {:g}".format(*_point(*corner, shape), *_point(*out, shape)))
    parts.append("L{:g} {:g}".format(*_point(*bends[-1], shape)))
    return " ".join(parts)


def _bends(corners: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    kept = [corners[0]]
    for corner, after in pairwise(corners[1:]):
        straight = kept[-1][1] == corner[1] == after[1] or kept[-1][0] == corner[0] == after[0]
        if corner != kept[-1] and not straight:
            kept.append(corner)
    return [*kept, corners[-1]]


def _distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


def _towards(start: tuple[float, float], end: tuple[float, float], by: float) -> tuple[float, float]:
    length = _distance(start, end) or 1.0
    return (start[0] + (end[0] - start[0]) * by / length, start[1] + (end[1] - start[1]) * by / length)
