"""Works out a syntax tree over plain data, node by node, within a budget.

A tree walker instead of Jinja's own compiler: a sandbox around compiled Python stops escapes but not work
(`'a' * 10**9` runs for seconds inside one), and there is nothing to escape to where no attribute of an object is ever read.
"""

import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from jinja2 import nodes

from app.core.expressions.budget import INTEGER_BITS, LONGEST_RANGE, Budget, ExpressionError
from app.core.expressions.filters import FILTERS, TESTS, Missing, as_text, is_number, pick

MOST_NAMES_IN_HINT = 8

ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mul": operator.mul,
    "Div": operator.truediv,
    "FloorDiv": operator.floordiv,
    "Mod": operator.mod,
    "Pow": operator.pow,
}
COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "lteq": operator.le,
    "gt": operator.gt,
    "gteq": operator.ge,
    "in": lambda left, right: left in right,
    "notin": lambda left, right: left not in right,
}


def plain(value: Any) -> Any:
    """`value` as new dicts, lists, texts, numbers, booleans and None. Raises ExpressionError for anything else."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return [plain(one) for one in value]
    raise ExpressionError(f"cannot use a value of the kind {type(value).__name__}")


class Names:
    """The names an expression may use, turned into plain data when they are first used."""

    def __init__(self, scope: Mapping[str, Any]) -> None:
        self._scope = scope
        self._plain: dict[str, Any] = {}

    def get(self, name: str) -> Any:
        """The value of `name`, or Missing."""
        if name not in self._plain:
            if name not in self._scope:
                return Missing(name)
            self._plain[name] = plain(self._scope[name])
        return self._plain[name]


class Evaluator:
    """One rendering: its names, its budget and the loop variables it is inside of."""

    def __init__(self, names: Names, budget: Budget) -> None:
        self._names = names
        self._budget = budget
        self._bound: list[dict[str, Any]] = []

    def value(self, node: nodes.Node) -> Any:
        """What `node` stands for. Raises ExpressionError where that is a missing name."""
        found = self._visit(node)
        if isinstance(found, Missing):
            raise found.refuse()
        return found

    def text(self, body: Sequence[nodes.Node]) -> str:
        """The text that statements make."""
        parts, length = [], 0
        for part in self._statements(body):
            length = self._budget.text(length + len(part))
            parts.append(part)
        return "".join(parts)

    def _statements(self, body: Sequence[nodes.Node]) -> Iterator[str]:
        for node in body:
            self._budget.spend(1)
            if isinstance(node, nodes.Output):
                yield from map(self._written, node.nodes)
            elif isinstance(node, nodes.If):
                yield from self._statements(self._branch(node))
            elif isinstance(node, nodes.For):
                yield from self._loop(node)

    def _written(self, node: nodes.Node) -> str:
        return node.data if isinstance(node, nodes.TemplateData) else self._as_text(self.value(node))

    def _as_text(self, value: Any) -> str:
        self._budget.text(self._budget.weigh(value))
        return as_text(value)

    def _branch(self, node: nodes.If) -> list[nodes.Node]:
        for one in (node, *node.elif_):
            if self.value(one.test):
                return one.body
        return node.else_

    def _loop(self, node: nodes.For) -> Iterator[str]:
        rounds = []
        for member in self._members(self.value(node.iter)):
            self._budget.spend(1)
            names = self._targets(node.target, member)
            if node.test is None or self._inside(names, node.test):
                rounds.append(names)
        for index, names in enumerate(rounds):
            names.setdefault("loop", _loop_names(index, len(rounds)))
            self._bound.append(names)
            yield from self._statements(node.body)
            self._bound.pop()
        if not rounds:
            yield from self._statements(node.else_)

    def _inside(self, names: dict[str, Any], test: nodes.Node) -> Any:
        self._bound.append(names)
        held = self.value(test)
        self._bound.pop()
        return held

    def _members(self, value: Any) -> list[Any]:
        if isinstance(value, str | list | dict):
            self._budget.spend(len(value))
            return list(value)
        raise ExpressionError("can only loop over a list")

    def _targets(self, target: nodes.Node, member: Any) -> dict[str, Any]:
        if isinstance(target, nodes.Name):
            return {target.name: member}
        names = [item.name for item in getattr(target, "items", []) if isinstance(item, nodes.Name)]
        if not isinstance(member, list) or len(member) != len(names):
            raise ExpressionError(f"cannot take {', '.join(names)} from each member")
        return dict(zip(names, member, strict=True))

    def _visit(self, node: nodes.Node) -> Any:
        self._budget.spend(1)
        return VISITORS[type(node)](self, node)

    def _const(self, node: nodes.Const) -> Any:
        self._budget.weigh(node.value)
        return node.value

    def _name(self, node: nodes.Name) -> Any:
        for names in reversed(self._bound):
            if node.name in names:
                return names[node.name]
        return self._names.get(node.name)

    def _list(self, node: nodes.List | nodes.Tuple) -> list[Any]:
        return [self.value(item) for item in node.items]

    def _dict(self, node: nodes.Dict) -> dict[str, Any]:
        return {self._key(pair.key): self.value(pair.value) for pair in node.items}

    def _key(self, node: nodes.Expr) -> str:
        key = self.value(node)
        if isinstance(key, str):
            return key
        raise ExpressionError("needs texts as the names of an object")

    def _getattr(self, node: nodes.Getattr) -> Any:
        return self._member(self._visit(node.node), node.attr, node)

    def _getitem(self, node: nodes.Getitem) -> Any:
        owner = self._visit(node.node)
        if isinstance(node.arg, nodes.Slice):
            return self._slice(owner, node.arg)
        return self._member(owner, self.value(node.arg), node)

    def _member(self, owner: Any, name: Any, node: nodes.Getattr | nodes.Getitem) -> Any:
        if isinstance(owner, Missing):
            return owner
        if isinstance(owner, dict) and isinstance(name, str) and name in owner:
            return owner[name]
        if isinstance(owner, list | str) and isinstance(name, int) and -len(owner) <= name < len(owner):
            return owner[name]
        return Missing(_path(node, name), _hint(owner))

    def _slice(self, owner: Any, node: nodes.Slice) -> Any:
        if not isinstance(owner, str | list):
            raise ExpressionError("can only take a part of a text or a list")
        start, stop, step = (self.value(part) if part else None for part in (node.start, node.stop, node.step))
        part = owner[start:stop:step]
        self._budget.spend(len(part))
        return part

    def _condition(self, node: nodes.CondExpr) -> Any:
        if self.value(node.test):
            return self._visit(node.expr1)
        return self._visit(node.expr2) if node.expr2 is not None else None

    def _and(self, node: nodes.And) -> Any:
        left = self.value(node.left)
        return self._visit(node.right) if left else left

    def _or(self, node: nodes.Or) -> Any:
        left = self.value(node.left)
        return left or self._visit(node.right)

    def _not(self, node: nodes.Not) -> bool:
        return not self.value(node.node)

    def _sign(self, node: nodes.Neg | nodes.Pos) -> Any:
        value = self.value(node.node)
        if not is_number(value):
            raise ExpressionError("needs a number after + or -")
        return -value if isinstance(node, nodes.Neg) else value

    def _arithmetic(self, node: nodes.BinExpr) -> Any:
        kind, left, right = type(node).__name__, self.value(node.left), self.value(node.right)
        self._measure(kind, left, right)
        made = ARITHMETIC[kind](left, right)
        if not isinstance(made, str | list | int | float) or (isinstance(made, float) and not math.isfinite(made)):
            raise ExpressionError("makes no number")
        self._budget.weigh(made if is_number(made) else None)
        return made

    def _measure(self, kind: str, left: Any, right: Any) -> None:
        """Refuse what would be too large before it is made, and operands that do not go together."""
        if is_number(left) and is_number(right):
            bits = left.bit_length() * right if kind == "Pow" and isinstance(left, int) and right > 0 else 0
            if bits > INTEGER_BITS:
                raise ExpressionError("makes a number that is too large")
        elif kind == "Add" and isinstance(left, str | list) and type(left) is type(right):
            self._grow(left, len(left) + len(right))
        elif kind == "Mul" and isinstance(left, str | list) and isinstance(right, int):
            self._grow(left, len(left) * right)
        else:
            raise ExpressionError(f"cannot calculate with {_kind(left)} and {_kind(right)}; ~ joins texts")

    def _grow(self, value: str | list[Any], length: int) -> None:
        self._budget.spend(self._budget.text(length) // 64 if isinstance(value, str) else length)

    def _compare(self, node: nodes.Compare) -> bool:
        left = self._weighed(node.expr)
        for operand in node.ops:
            right = self._weighed(operand.expr)
            if not COMPARISONS[operand.op](left, right):
                return False
            left = right
        return True

    def _weighed(self, node: nodes.Expr) -> Any:
        value = self.value(node)
        self._budget.weigh(value)
        return value

    def _concat(self, node: nodes.Concat) -> str:
        parts, length = [], 0
        for item in node.nodes:
            parts.append(self._as_text(self.value(item)))
            length = self._budget.text(length + len(parts[-1]))
        return "".join(parts)

    def _call(self, node: nodes.Call) -> list[int]:
        numbers, names = self._arguments(node)
        if names or not all(isinstance(number, int) for number in numbers):
            raise ExpressionError("range takes whole numbers")
        span = range(*numbers)
        if len(span) > LONGEST_RANGE:
            raise ExpressionError(f"range gives at most {LONGEST_RANGE} numbers")
        self._budget.spend(len(span))
        return list(span)

    def _arguments(self, node: nodes.Call | nodes.Filter | nodes.Test) -> tuple[list[Any], dict[str, Any]]:
        return [self.value(arg) for arg in node.args], {str(pair.key): self.value(pair.value) for pair in node.kwargs}

    def _filter(self, node: nodes.Filter) -> Any:
        if node.node is None:
            raise ExpressionError(f"the filter '{node.name}' needs a value before it")
        value = self._visit(node.node)
        if isinstance(value, Missing) and FILTERS.get(node.name) is not FILTERS["default"]:
            raise value.refuse()
        positional, named = self._arguments(node)
        return self.apply_filter(node.name, value, positional, named)

    def apply_filter(self, name: str, value: Any, positional: Sequence[Any], named: Mapping[str, Any]) -> Any:
        """What the filter `name` makes of `value`."""
        self._budget.spend(1)
        self._look_at(value, positional, named)
        if name in LIST_VISITORS:
            made = LIST_VISITORS[name](self, self._members(value), list(positional), dict(named))
        else:
            made = FILTERS[name](value, *positional, **named)
        self._budget.weigh(None if isinstance(made, Missing) else made)
        return made

    def _test(self, node: nodes.Test) -> bool:
        value = self._visit(node.node)
        if isinstance(value, Missing) and node.name not in ("defined", "undefined"):
            raise value.refuse()
        positional, named = self._arguments(node)
        return self.apply_test(node.name, value, positional, named)

    def apply_test(self, name: str, value: Any, positional: Sequence[Any], named: Mapping[str, Any]) -> bool:
        """Whether the test `name` holds for `value`."""
        self._budget.spend(1)
        self._look_at(value, positional, named)
        return bool(TESTS[name](value, *positional, **named))

    def _look_at(self, value: Any, positional: Sequence[Any], named: Mapping[str, Any]) -> None:
        self._budget.weigh(None if isinstance(value, Missing) else value)
        self._budget.weigh([*positional, *named.values()])

    def _map(self, members: list[Any], positional: list[Any], named: dict[str, Any]) -> list[Any]:
        if "attribute" in named:
            return [self._attribute(one, **named) for one in members]
        name = _function_name(positional, FILTERS, "filter")
        return [self.apply_filter(name, one, positional[1:], named) for one in members]

    def _attribute(self, member: Any, attribute: str, **named: Any) -> Any:
        """`attribute` of `member`; `default` where there is none."""
        try:
            return pick(member, attribute)
        except ExpressionError:
            if "default" in named:
                return named["default"]
            raise

    def _select(self, members: list[Any], positional: list[Any], named: dict[str, Any]) -> list[Any]:
        return [one for one in members if self._holds(one, positional, named)]

    def _reject(self, members: list[Any], positional: list[Any], named: dict[str, Any]) -> list[Any]:
        return [one for one in members if not self._holds(one, positional, named)]

    def _selectattr(self, members: list[Any], positional: list[Any], named: dict[str, Any]) -> list[Any]:
        return [one for one in members if self._holds(pick(one, positional[0]), positional[1:], named)]

    def _rejectattr(self, members: list[Any], positional: list[Any], named: dict[str, Any]) -> list[Any]:
        return [one for one in members if not self._holds(pick(one, positional[0]), positional[1:], named)]

    def _holds(self, member: Any, positional: list[Any], named: dict[str, Any]) -> bool:
        if not positional:
            return bool(member)
        return self.apply_test(_function_name(positional, TESTS, "test"), member, positional[1:], named)


VISITORS: Mapping[type[nodes.Node], Callable[[Evaluator, Any], Any]] = {
    nodes.Const: Evaluator._const,
    nodes.Name: Evaluator._name,
    nodes.List: Evaluator._list,
    nodes.Tuple: Evaluator._list,
    nodes.Dict: Evaluator._dict,
    nodes.Getattr: Evaluator._getattr,
    nodes.Getitem: Evaluator._getitem,
    nodes.CondExpr: Evaluator._condition,
    nodes.And: Evaluator._and,
    nodes.Or: Evaluator._or,
    nodes.Not: Evaluator._not,
    nodes.Neg: Evaluator._sign,
    nodes.Pos: Evaluator._sign,
    nodes.Add: Evaluator._arithmetic,
    nodes.Sub: Evaluator._arithmetic,
    nodes.Mul: Evaluator._arithmetic,
    nodes.Div: Evaluator._arithmetic,
    nodes.FloorDiv: Evaluator._arithmetic,
    nodes.Mod: Evaluator._arithmetic,
    nodes.Pow: Evaluator._arithmetic,
    nodes.Compare: Evaluator._compare,
    nodes.Concat: Evaluator._concat,
    nodes.Call: Evaluator._call,
    nodes.Filter: Evaluator._filter,
    nodes.Test: Evaluator._test,
}

LIST_VISITORS: Mapping[str, Callable[[Evaluator, list[Any], list[Any], dict[str, Any]], list[Any]]] = {
    "map": Evaluator._map,
    "select": Evaluator._select,
    "reject": Evaluator._reject,
    "selectattr": Evaluator._selectattr,
    "rejectattr": Evaluator._rejectattr,
}


def _function_name(positional: list[Any], known: Mapping[str, Any], kind: str) -> str:
    name = positional[0] if positional else None
    if isinstance(name, str) and name in known:
        return name
    raise ExpressionError(f"needs the name of a {kind}")


def _loop_names(index: int, length: int) -> dict[str, Any]:
    return {
        "index": index + 1,
        "index0": index,
        "revindex": length - index,
        "revindex0": length - index - 1,
        "first": index == 0,
        "last": index == length - 1,
        "length": length,
    }


def _path(node: nodes.Node, name: Any) -> str:
    """The dotted way to a name, as far as the expression itself shows it."""
    parts = [str(name)]
    while isinstance(node := getattr(node, "node", node), nodes.Getattr | nodes.Getitem):
        if isinstance(node, nodes.Getattr):
            parts.append(node.attr)
        elif isinstance(node.arg, nodes.Const):
            parts.append(str(node.arg.value))
    if isinstance(node, nodes.Name):
        parts.append(node.name)
    return ".".join(reversed(parts))


def _hint(owner: Any) -> str:
    if isinstance(owner, dict) and 0 < len(owner) <= MOST_NAMES_IN_HINT:
        return f"; there is {', '.join(sorted(owner))}"
    return "" if isinstance(owner, dict) else f": it would be part of {_kind(owner)}"


def _kind(value: Any) -> str:
    kinds = {str: "a text", bool: "true or false", list: "a list", dict: "an object", type(None): "nothing"}
    return kinds.get(type(value), "a number")
