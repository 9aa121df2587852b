"""What a template refers to, read from its text: the planner makes edges of it, the loader finds unknown names by it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import nodes

from app.core.expressions.filters import FILTERS
from app.core.expressions.grammar import FUNCTIONS, as_template, is_template, parse

Aliases = frozenset[str]
NOTHING: Aliases = frozenset()


@dataclass(frozen=True, slots=True)
class Reference:
    """One use of a name from the scope.

    root: the first name, e.g. ``items``. path: what follows as far as the text shows it, e.g. ``("redis", "outputs",
    "endpoint")``. guarded: the template itself copes when there is no such value: it stands under `items.redis.selected`,
    in `… is defined`, or before `| default(…)`.
    """

    root: str
    path: tuple[str, ...] = ()
    guarded: bool = False


def strings(template: Any) -> Iterator[str]:
    """Every text of a template that is more than a plain text."""
    if isinstance(template, str):
        if is_template(template):
            yield template
    elif isinstance(template, Mapping):
        for one in template.values():
            yield from strings(one)
    elif isinstance(template, Sequence) and not isinstance(template, bytes | bytearray):
        for one in template:
            yield from strings(one)


def references(template: Any) -> list[Reference]:
    """All names that a template (a text, or any dict and list of texts) uses, in order, each once.

    Raises ExpressionError for a text that cannot be parsed.
    """
    return list(dict.fromkeys(reference for source in strings(template) for reference in _of_source(source)))


@lru_cache(maxsize=1024)
def _of_source(source: str) -> tuple[Reference, ...]:
    walk = _Walk()
    walk.statements(parse(source).body)
    return tuple(walk.found)


def expression_references(expression: str) -> list[Reference]:
    """The same for a bare expression (`when`, `visible_when`)."""
    return references(as_template(expression))


def selected_when(expression: str) -> Aliases:
    """The bundle items that are surely selected when a bare expression is true: what a step's `when` guards."""
    only = parse(as_template(expression)).expression
    return _ensured(only, True) if only is not None else NOTHING


class _Walk:
    def __init__(self) -> None:
        self.found: list[Reference] = []
        self._guards: list[Aliases] = []
        self._bound: list[Aliases] = []

    def statements(self, body: Iterable[nodes.Node]) -> None:
        for node in body:
            if isinstance(node, nodes.If):
                self._if(node)
            elif isinstance(node, nodes.For):
                self._for(node)
            else:
                self._expressions(node.iter_child_nodes())

    def _if(self, node: nodes.If) -> None:
        guards: Aliases = NOTHING
        for one in (node, *node.elif_):
            self._under(guards, lambda one=one: self._expression(one.test))
            self._under(guards | _ensured(one.test, True), lambda one=one: self.statements(one.body))
            guards |= _ensured(one.test, False)
        self._under(guards, lambda: self.statements(node.else_))

    def _for(self, node: nodes.For) -> None:
        self._expression(node.iter)
        names = {name.name for name in node.target.find_all(nodes.Name)} | {"loop"}
        if isinstance(node.target, nodes.Name):
            names.add(node.target.name)
        self._bound.append(frozenset(names))
        guards = NOTHING
        if node.test is not None:
            self._expression(node.test)
            guards = _ensured(node.test, True)
        self._under(guards, lambda: self.statements(node.body))
        self._bound.pop()
        self.statements(node.else_)

    def _under(self, guards: Aliases, work: Any) -> None:
        self._guards.append(guards)
        work()
        self._guards.pop()

    def _expressions(self, many: Iterable[nodes.Node]) -> None:
        for node in many:
            self._expression(node)

    def _expression(self, node: nodes.Node, guarded: bool = False) -> None:
        chain = _chain(node)
        if chain is not None:
            self._note(*chain, guarded)
            self._expressions(part.arg for part in _subscripts(node))
        elif isinstance(node, nodes.CondExpr):
            self._choice(node)
        elif isinstance(node, nodes.And | nodes.Or):
            self._expression(node.left)
            ensured = _ensured(node.left, isinstance(node, nodes.And))
            self._under(ensured, lambda: self._expression(node.right, guarded))
        elif isinstance(node, nodes.Filter | nodes.Test) and node.node is not None and _copes(node):
            self._expression(node.node, guarded=True)
            self._expressions([*node.args, *node.kwargs])
        else:
            self._expressions(node.iter_child_nodes())

    def _choice(self, node: nodes.CondExpr) -> None:
        self._expression(node.test)
        self._under(_ensured(node.test, True), lambda: self._expression(node.expr1))
        if node.expr2 is not None:
            other = node.expr2
            self._under(_ensured(node.test, False), lambda: self._expression(other))

    def _note(self, root: str, path: tuple[str, ...], guarded: bool) -> None:
        if root in FUNCTIONS or any(root in names for names in self._bound):
            return
        safe = guarded or (root == "items" and bool(path) and any(path[0] in aliases for aliases in self._guards))
        self.found.append(Reference(root, path, safe))


def _copes(node: nodes.Filter | nodes.Test) -> bool:
    """Whether this takes a missing name."""
    if isinstance(node, nodes.Filter):
        return FILTERS.get(node.name) is FILTERS["default"]
    return node.name in ("defined", "undefined")


def _chain(node: nodes.Node) -> tuple[str, tuple[str, ...]] | None:
    """Root and path of `a.b['c']`; the path ends where a subscript is worked out at run time."""
    if isinstance(node, nodes.Name):
        return node.name, ()
    if not isinstance(node, nodes.Getattr | nodes.Getitem):
        return None
    before = _chain(node.node)
    if before is None or _is_open(node.node):
        return before
    if isinstance(node, nodes.Getattr):
        return before[0], (*before[1], node.attr)
    known = _known(node)
    return before if known is None else (before[0], (*before[1], known))


def _is_open(node: nodes.Node) -> bool:
    """Whether a subscript on the way is only known at run time."""
    return any(_known(part) is None for part in _subscripts(node))


def _known(node: nodes.Getitem) -> str | None:
    return node.arg.value if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str) else None


def _subscripts(node: nodes.Node) -> Iterator[nodes.Getitem]:
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        if isinstance(node, nodes.Getitem):
            yield node
        node = node.node


def _ensured(node: nodes.Node, truth: bool) -> Aliases:
    """The items that are selected for sure when `node` turns out as `truth`."""
    if isinstance(node, nodes.Not):
        return _ensured(node.node, not truth)
    if isinstance(node, nodes.And | nodes.Or):
        left, right = _ensured(node.left, truth), _ensured(node.right, truth)
        return left | right if isinstance(node, nodes.And) is truth else left & right
    if isinstance(node, nodes.Compare):
        return _ensured_by_comparison(node, truth)
    if isinstance(node, nodes.Test) and node.name in ("defined", "undefined"):
        return _alias(node.node, None) if (node.name == "defined") is truth else NOTHING
    return _alias(node, "selected") if truth else NOTHING


def _ensured_by_comparison(node: nodes.Compare, truth: bool) -> Aliases:
    """`items.redis.selected == true` and its like."""
    first = node.ops[0]
    if len(node.ops) != 1 or first.op not in ("eq", "ne") or not isinstance(first.expr, nodes.Const):
        return NOTHING
    return _ensured(node.expr, truth) if (first.op == "eq") is (first.expr.value is True) else _ensured(node.expr, not truth)


def _alias(node: nodes.Node, last: str | None) -> Aliases:
    """The item that `items.<alias>.selected` (or with `last` None, any longer path below an item) is about."""
    chain = _chain(node)
    if chain is None or chain[0] != "items" or len(chain[1]) < 2:
        return NOTHING
    path = chain[1]
    return frozenset({path[0]}) if last is None or path[1:] == (last,) else NOTHING
