"""Where the steps of a picture lie: the order within each layer, and places that make edges straight.

The usual four acts of layered drawing: lanes for edges that skip layers, few crossings (by the mean place of neighbours),
ports spread over a node's side, and least squares for the places. Nothing here knows SVG.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from math import inf

SWEEPS = 8
POLISHED = 24
"""Up to so many nodes and lanes, single swaps are tried too; beyond, they would cost more time than they are worth."""
BEND = 8
"""Radius of a bend, and the least distance of a port from its node's corner."""
CLOSE = 10
"""An edge that is so nearly straight is made straight."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Measures in pixels of one variant; `down` when layers go down the page.

    length, breadth: of a node along the main and the cross axis. gap: between layers. rest: between nodes of a layer.
    port: between two edges at the same side of a node. lane: breadth of a passing edge. track: between two turns.
    """

    down: bool
    length: int
    breadth: int
    gap: int
    rest: int
    port: int
    lane: int
    track: int


@dataclass(slots=True, eq=False)
class Spot:
    """A place in a layer: the node of a step, or (without a key) a lane of an edge. `middle` is on the cross axis."""

    layer: int
    breadth: float
    key: str | None
    middle: float = 0.0
    before: list["Link"] = field(default_factory=list)
    after: list["Link"] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Link:
    """A piece of an edge between two neighbouring layers. `start` and `end` are offsets from the middles of its spots."""

    source: Spot
    target: Spot
    start: float = 0.0
    end: float = 0.0
    track: int = 0

    @property
    def leaves(self) -> float:
        """Where it starts on the cross axis."""
        return self.source.middle + self.start

    @property
    def arrives(self) -> float:
        """Where it ends on the cross axis."""
        return self.target.middle + self.end

    @property
    def weight(self) -> float:
        """How hard it pulls its spots: lanes pull harder than nodes: a long edge should run straight."""
        return 1.0 + 3.0 * (self.source.key is None) + 3.0 * (self.target.key is None)


@dataclass(slots=True)
class Plan:
    """Layers of spots in order, and each edge as its chain of links."""

    layers: list[list[Spot]]
    chains: list[tuple[str, str, list[Link]]]


def arrange(layers: Mapping[str, int], edges: Sequence[tuple[str, str]], shape: Shape) -> Plan:
    """Place the nodes `layers` (key -> layer, in the order to keep where nothing speaks for another) and their `edges`."""
    plan = _spots(layers, edges, shape)
    _order(plan)
    _ports(plan, shape)
    _place(plan, shape)
    _straighten(plan)
    return plan


def _spots(layers: Mapping[str, int], edges: Sequence[tuple[str, str]], shape: Shape) -> Plan:
    nodes = {key: Spot(layer, shape.breadth, key) for key, layer in layers.items()}
    plan = Plan([[] for _ in range(max(layers.values(), default=-1) + 1)], [])
    for spot in nodes.values():
        plan.layers[spot.layer].append(spot)
    for source, target in edges:
        lanes = [Spot(layer, shape.lane, None) for layer in range(layers[source] + 1, layers[target])]
        for lane in lanes:
            plan.layers[lane.layer].append(lane)
        chain = [Link(one, other) for one, other in pairwise([nodes[source], *lanes, nodes[target]])]
        for link in chain:
            link.source.after.append(link)
            link.target.before.append(link)
        plan.chains.append((source, target, chain))
    return plan


def _order(plan: Plan) -> None:
    """Sort each layer by the mean place of its neighbours, forth and back; keep the best order seen and polish it."""
    best, cost = [list(layer) for layer in plan.layers], _cost(plan.layers)
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        for layer in plan.layers if forward else reversed(plan.layers):
            _sort_by_neighbours(plan, layer, forward=forward)
        if _cost(plan.layers) < cost:
            best, cost = [list(layer) for layer in plan.layers], _cost(plan.layers)
    plan.layers = best
    if sum(len(layer) for layer in best) <= POLISHED:
        while _swap_once(plan):
            pass


def _swap_once(plan: Plan) -> bool:
    """Swap the first two neighbours of a layer whose swap makes the picture better; False when there are none."""
    cost = _cost(plan.layers)
    for layer in plan.layers:
        for place in range(len(layer) - 1):
            layer[place], layer[place + 1] = layer[place + 1], layer[place]
            if _cost(plan.layers) < cost:
                return True
            layer[place], layer[place + 1] = layer[place + 1], layer[place]
    return False


def _sort_by_neighbours(plan: Plan, layer: list[Spot], *, forward: bool) -> None:
    places = _places(plan.layers)

    def mean(spot: Spot) -> float:
        near = [link.source for link in spot.before] if forward else [link.target for link in spot.after]
        return sum(places[id(one)] for one in near) / len(near) if near else places[id(spot)]

    layer.sort(key=mean)


def _places(layers: Sequence[Sequence[Spot]]) -> dict[int, float]:
    """Where each spot stands in its layer, 0 to 1."""
    return {id(spot): (place + 0.5) / len(layer) for layer in layers for place, spot in enumerate(layer)}


def _cost(layers: Sequence[Sequence[Spot]]) -> tuple[int, float]:
    """How bad an order is: first by crossing edges, then by how far edges lead across."""
    places = _places(layers)
    crossings, across = 0, 0.0
    for layer in layers:
        ends = [(places[id(spot)], places[id(link.target)]) for spot in layer for link in spot.after]
        crossings += sum((a - c) * (b - d) < 0 for i, (a, b) in enumerate(ends) for c, d in ends[:i])
        across += sum(abs(a - b) for a, b in ends)
    return crossings, round(across, 6)


def _ports(plan: Plan, shape: Shape) -> None:
    """Spread the edges of a node over its side, in the order of their other ends."""
    places = _places(plan.layers)
    for spot in (spot for layer in plan.layers for spot in layer):
        spot.after.sort(key=lambda link: places[id(link.target)])
        spot.before.sort(key=lambda link: places[id(link.source)])
        for link, offset in zip(spot.after, _offsets(len(spot.after), spot.breadth, shape), strict=True):
            link.start = offset
        for link, offset in zip(spot.before, _offsets(len(spot.before), spot.breadth, shape), strict=True):
            link.end = offset


def _offsets(count: int, breadth: float, shape: Shape) -> list[float]:
    if count < 2:
        return [0.0] * count
    space = min(shape.port, (breadth - 2 * BEND) / (count - 1))
    return [(place - (count - 1) / 2) * space for place in range(count)]


def _place(plan: Plan, shape: Shape) -> None:
    """Move every spot towards where its edges would be straight, keeping order and distance; then push all to zero."""
    limit = _limit(plan, shape)
    for layer in plan.layers:
        _settle(layer, [0.0] * len(layer), [1.0] * len(layer), limit, shape)
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        for layer in plan.layers if forward else reversed(plan.layers):
            wishes = [_wish(spot, both=sweep > 1, forward=forward) for spot in layer]
            _settle(layer, [wish for wish, _ in wishes], [weight for _, weight in wishes], limit, shape)
    lowest = min((spot.middle - spot.breadth / 2 for layer in plan.layers for spot in layer), default=0.0)
    for spot in (spot for layer in plan.layers for spot in layer):
        spot.middle = round(spot.middle - lowest)


def _wish(spot: Spot, *, both: bool, forward: bool) -> tuple[float, float]:
    """Where the neighbours want this spot, and how much."""
    pulls = [(link.leaves - link.end, link.weight) for link in spot.before if both or forward]
    pulls += [(link.arrives - link.start, link.weight) for link in spot.after if both or not forward]
    weight = sum(pull for _, pull in pulls)
    return (sum(at * pull for at, pull in pulls) / weight, weight) if weight else (spot.middle, 0.1)


def _settle(layer: Sequence[Spot], wishes: Sequence[float], weights: Sequence[float], limit: float, shape: Shape) -> None:
    """Place a layer as near to its wishes as order and distance allow: least squares by pooling neighbours that collide.

    limit: nothing lies beyond 0 and it, so that a phone shows the picture unscaled; infinite where there is room.
    """
    shifts = _shifts(layer, shape)
    pools: list[tuple[float, float, int]] = []
    for wish, weight, offset in zip(wishes, weights, shifts, strict=True):
        at, mass, size = wish - offset, weight, 1
        while pools and pools[-1][0] >= at:
            other, other_mass, other_size = pools.pop()
            at = (at * mass + other * other_mass) / (mass + other_mass)
            mass, size = mass + other_mass, size + other_size
        pools.append((at, mass, size))
    settled = [at for at, _, size in pools for _ in range(size)]
    for spot, at, offset in zip(layer, settled, shifts, strict=True):
        within = at
        if limit < inf:
            within = min(max(at, layer[0].breadth / 2), limit - layer[-1].breadth / 2 - shifts[-1])
        spot.middle = within + offset


def _shifts(layer: Sequence[Spot], shape: Shape) -> list[float]:
    """How far from the first spot's middle each one is when they lie side by side."""
    gaps = [(one.breadth + other.breadth) / 2 + shape.rest for one, other in pairwise(layer)]
    return list(accumulate(gaps, initial=0.0))


def _limit(plan: Plan, shape: Shape) -> float:
    """The breadth that the widest layer needs, for the shape that must stay narrow."""
    return (
        max((_shifts(layer, shape)[-1] + (layer[0].breadth + layer[-1].breadth) / 2 for layer in plan.layers), default=0.0)
        if shape.down
        else inf
    )


def _straighten(plan: Plan) -> None:
    """Let an edge that is all but straight meet its node a little off its port: a short jog looks like a fault."""
    for link in (link for layer in plan.layers for spot in layer for link in spot.after):
        off = link.leaves - link.arrives
        if abs(off) > CLOSE:
            continue
        if link.target.key and _free(link.end + off, [one.end for one in link.target.before if one is not link], link.target):
            link.end += off
        elif link.source.key and _free(
            link.start - off, [one.start for one in link.source.after if one is not link], link.source
        ):
            link.start -= off


def _free(offset: float, others: Sequence[float], spot: Spot) -> bool:
    """Whether an edge may meet `spot` at `offset`: on its side, and not on top of another."""
    return abs(offset) <= spot.breadth / 2 - BEND and all(abs(offset - other) > BEND for other in others)
