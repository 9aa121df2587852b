"""From the text of a template to its syntax tree: Jinja's grammar, less what this language leaves out.

Jinja parses; nothing is compiled or run by it (a sandbox stops escapes, but not work: see `evaluator`).
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from jinja2 import Environment, TemplateSyntaxError, nodes

from app.core.expressions.budget import ExpressionError
from app.core.expressions.filters import FILTERS, LIST_FILTERS, TESTS

LONGEST_SOURCE = 65_536
DEEPEST = 60
FUNCTIONS = ("range",)

# Only its parser is used, so no text is ever escaped or not escaped by this environment.
_ENVIRONMENT = Environment(autoescape=True, keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True)

STATEMENTS = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For)
ARITHMETIC = (nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow, nodes.Neg, nodes.Pos)
LOGIC = (nodes.And, nodes.Or, nodes.Not, nodes.Compare, nodes.Operand, nodes.CondExpr)
VALUES = (nodes.Const, nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair)
CALLS = (nodes.Concat, nodes.Filter, nodes.Test, nodes.Call, nodes.Keyword)
KNOWN = (*STATEMENTS, *ARITHMETIC, *LOGIC, *VALUES, *CALLS)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A template that may be worked out. `expression` is set when the template is exactly one `{{ expression }}`."""

    body: tuple[nodes.Node, ...]
    expression: nodes.Expr | None


def is_template(text: str) -> bool:
    """Whether `text` is more than a plain text."""
    return "{{" in text or "{%" in text or "{#" in text


def as_template(expression: str) -> str:
    """A bare expression as a template; one in braces stays as it is."""
    return expression if expression.strip().startswith("{{") else "{{ " + expression + " }}"


@lru_cache(maxsize=1024)
def parse(source: str) -> Parsed:
    """The tree of `source`. Raises ExpressionError that says what is wrong and where."""
    tree = _tree(source)
    for message in _objections(tree):
        raise ExpressionError(message)
    return Parsed(tuple(tree.body), _single(_stripped(source, tree)))


def problems(source: str) -> list[str]:
    """All that is wrong with `source`, as sentences; nothing when it can be parsed."""
    try:
        return list(dict.fromkeys(_objections(_tree(source))))
    except ExpressionError as error:
        return [error.message]


def _tree(source: str) -> nodes.Template:
    if len(source) > LONGEST_SOURCE:
        raise ExpressionError(f"is longer than {LONGEST_SOURCE} characters")
    try:
        tree = _ENVIRONMENT.parse(source)
    except TemplateSyntaxError as error:
        raise ExpressionError(f"cannot be read: {error.message} (line {error.lineno})") from error
    except RecursionError as error:
        raise ExpressionError("is nested too deeply") from error
    except ValueError as error:
        raise ExpressionError("cannot be read: holds a number that is too long") from error
    if _depth(tree) > DEEPEST:
        raise ExpressionError("is nested too deeply")
    return tree


def _depth(tree: nodes.Node) -> int:
    depth, level = 0, [tree]
    while level:
        depth, level = depth + 1, [child for node in level for child in node.iter_child_nodes()]
    return depth


def _stripped(source: str, tree: nodes.Template) -> nodes.Template:
    """White space around a single expression (a YAML block ends with a line break) does not make it a text."""
    return tree if source == source.strip() else _ENVIRONMENT.parse(source.strip())


def _single(tree: nodes.Template) -> nodes.Expr | None:
    outputs = [part for node in tree.body for part in (node.nodes if isinstance(node, nodes.Output) else [None])]
    only = outputs[0] if len(outputs) == 1 else None
    return None if isinstance(only, nodes.TemplateData) else only


def _objections(tree: nodes.Node) -> Iterator[str]:
    """What this language leaves out of Jinja's, node by node."""
    todo = [tree]
    while todo:
        node = todo.pop()
        todo.extend(node.iter_child_nodes())
        if not isinstance(node, KNOWN):
            yield f"only {{% if %}} and {{% for %}} may be used, not {type(node).__name__.lower()} (line {node.lineno})"
        elif message := _objection(node):
            yield f"{message} (line {node.lineno})"


def _objection(node: nodes.Node) -> str | None:
    if isinstance(node, nodes.Filter):
        return _named("filter", node.name, {*FILTERS, *LIST_FILTERS}) or _spread(node)
    if isinstance(node, nodes.Test):
        return _named("test", node.name, TESTS) or _spread(node)
    if isinstance(node, nodes.Call):
        return _call(node) or _spread(node)
    if isinstance(node, nodes.For):
        return "a loop may not be recursive" if node.recursive else None
    return _dunder(node)


def _named(kind: str, name: str, known: Collection[str]) -> str | None:
    if name in known:
        return None
    close = get_close_matches(name[:50], known, n=1)
    return f"there is no {kind} '{name}'; " + (f"write '{close[0]}'" if close else f"there are {', '.join(sorted(known))}")


def _call(node: nodes.Call) -> str | None:
    if isinstance(node.node, nodes.Name) and node.node.name in FUNCTIONS:
        return None
    return "only range(…) can be called; use filters instead of methods, such as name | upper"


def _spread(node: nodes.Filter | nodes.Test | nodes.Call) -> str | None:
    return "* and ** cannot be used in arguments" if node.dyn_args or node.dyn_kwargs else None


def _dunder(node: nodes.Node) -> str | None:
    name: object = None
    if isinstance(node, nodes.Getattr):
        name = node.attr
    elif isinstance(node, nodes.Name):
        name = node.name
    elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        name = node.arg.value
    return f"'{name}' cannot be used: names may not begin with __" if isinstance(name, str) and name.startswith("__") else None
