"""Templates and expressions of the catalog over plain data. User values are data here: never source, never rendered again."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.core.expressions.budget import Budget, ExpressionError
from app.core.expressions.evaluator import Evaluator, Names
from app.core.expressions.grammar import as_template, is_template, parse, problems
from app.core.expressions.references import Reference, expression_references, references, selected_when, strings

__all__ = [
    "ExpressionError",
    "Reference",
    "check_expression",
    "check_syntax",
    "evaluate",
    "expression_references",
    "is_template",
    "references",
    "render",
    "selected_when",
]

QUOTED = 80


def render(template: Any, scope: Mapping[str, Any]) -> Any:
    """`template` with every text of it worked out over `scope`, all within one budget of work.

    Goes into dicts and lists; names of dicts stay as they are. A text that is exactly one `{{ expression }}` becomes that
    expression's value with its type; in longer texts none is nothing, booleans are `true` and `false`, lists and objects
    are JSON. Raises ExpressionError, naming the place in the template, the expression and what is missing.
    """
    return _deep(template, Names(scope), Budget(), ())


def evaluate(expression: str, scope: Mapping[str, Any]) -> Any:
    """The value of a bare expression (`when`, `visible_when`); braces around it may stand or not. Raises ExpressionError."""
    source = as_template(expression)

    def work() -> Any:
        parsed = parse(source)
        if parsed.expression is None:
            raise ExpressionError("must be one expression")
        return _worked_out(source, Names(scope), Budget())

    return _explained(expression, (), work)


def check_syntax(template: Any) -> list[str]:
    """What is wrong with the texts of a template, as sentences that quote the text."""
    return [f"{message}, in {_quoted(source)}" for source in strings(template) for message in problems(source)]


def check_expression(expression: str) -> list[str]:
    """What is wrong with a bare expression."""
    source = as_template(expression)
    found = problems(source)
    if not found and parse(source).expression is None:
        found = ["must be one expression"]
    return [f"{message}, in {_quoted(expression)}" for message in found]


def _deep(template: Any, names: Names, budget: Budget, path: tuple[str, ...]) -> Any:
    if isinstance(template, str):
        if not is_template(template):
            return template
        return _explained(template, path, lambda: _worked_out(template, names, budget))
    if isinstance(template, Mapping):
        return {name: _deep(one, names, budget, (*path, str(name))) for name, one in template.items()}
    if isinstance(template, Sequence) and not isinstance(template, bytes | bytearray):
        return [_deep(one, names, budget, (*path, str(at))) for at, one in enumerate(template)]
    return template


def _worked_out(source: str, names: Names, budget: Budget) -> Any:
    parsed, evaluator = parse(source), Evaluator(names, budget)
    if parsed.expression is None:
        return evaluator.text(parsed.body)
    value = evaluator.value(parsed.expression)
    budget.text(budget.weigh(value))
    return value


def _explained(source: str, path: tuple[str, ...], work: Callable[[], Any]) -> Any:
    """`work`, with everything that can go wrong in it told as one kind of error.

    Messages of Python's own errors are not passed on, because they may quote values, which may be secret.
    """
    try:
        return work()
    except ExpressionError as error:
        reason = error.message
    except ZeroDivisionError:
        reason = "divides by zero"
    except RecursionError:
        reason = "is nested too deeply"
    except (TypeError, ValueError, ArithmeticError, AttributeError, LookupError):
        reason = "uses values of kinds that do not go together"
    where = f"{'.'.join(path)}: " if path else ""
    raise ExpressionError(f"{where}{reason}, in {_quoted(source)}")


def _quoted(source: str) -> str:
    text = " ".join(source.split())
    return f"`{text}`" if len(text) <= QUOTED else f"`{text[:QUOTED]}…`"
