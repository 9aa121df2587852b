"""What comes before an order is sent: looking at it costs little more than its checks, and a long form is drawn at once."""

import contextvars
import json
from collections.abc import Callable
from datetime import UTC
from typing import Any

from flask import Flask, Response

from app.api.shapes.validation import Validation
from app.catalog.loader import load
from app.catalog.sync import sync
from app.extensions import db
from app.lifecycle.orders.ahead import look_ahead
from app.lifecycle.orders.looking_up import lookups
from app.lifecycle.orders.preparing import Prepared, prepare
from app.queries.forecast import of_entry
from app.transaction import transaction
from bench.rows import Row, row
from bench.stage import Scale, Stage
from bench.timing import alternate, p50, timed
from bench.visitors import visitor
from bench.web_calls import ORDER

FIELDS = 200
LONG = "a-long-form"
ADDRESS = f"/order/items/{LONG}"
KINDS: tuple[dict[str, Any], ...] = (
    {"type": "string", "max_length": 63, "regexp": "^[a-z][a-z0-9-]*$", "placeholder": "customer-portal"},
    {"type": "integer", "min_value": 1, "max_value": 100, "default": 3, "unit": "GB"},
    {"type": "boolean", "default": False},
    {"type": "selection", "oneof": ["dev", "staging", "prod", "sandbox", "demo"], "default": "staging"},
    {"type": "textarea", "max_length": 500},
)


def measure(stage: Stage, scale: Scale) -> list[Row]:
    """The rows of looking at an order, and of a long form."""
    _offer_a_long_form(stage)
    with stage.app.app_context():
        browser, _ = visitor(stage.app, stage.settings, "sarah-123", ["customer-experience"])
    turn, rounds = scale.of(40, 10, 1), scale.of(7, 3, 1)

    def draw() -> bytes:
        answer = browser.get(ADDRESS)
        _must_be_fine(answer, answer.text.count('class="field') >= FIELDS)
        return bytes(answer.data)

    static = _static(draw()).test_client()
    seen = alternate(
        {
            "validate": lambda: _within(stage, _validated, turn),
            "checks": lambda: _within(stage, _checked, turn),
            "form": _apart(draw, turn),
            "static": _apart(lambda: static.get("/"), turn),
        },
        rounds,
    )
    form, served = p50(seen["form"]), p50(seen["static"])
    return [
        row(
            "`POST /requests/validate`: checks, sources, plan, price, as JSON",
            "the checks alone",
            p50(seen["validate"]),
            p50(seen["checks"]),
            "<= 1.3",
            "ms",
        ),
        row(
            f"a form of {FIELDS} fields, drawn",
            f"100 ms; a static page of its size takes {served:.2f}",
            form,
            100,
            "<= 1",
            "ms",
        ),
    ]


def _within(stage: Stage, look: Callable[[Stage], object], number: int) -> list[float]:
    """Looks in one transaction. Who calls, and how often, is asked before, as with every call: it is part of neither side."""
    with stage.app.app_context():
        seen = [timed(lambda: look(stage)) for _ in range(number)]
        db.session.rollback()
    return seen


def _checked(stage: Stage) -> Prepared:
    """The checks alone, as a submit makes them before it writes."""
    return prepare(db.session.connection(), stage.caller, ORDER)


def _validated(stage: Stage) -> str:
    """What the endpoint does: the checks, where values came from, the shape of the answer and its JSON."""
    prepared = _checked(stage)
    known = of_entry(db.session, "bundle", str(ORDER["catalog_bundle"]))
    answer = Validation.of(prepared, look_ahead(prepared, stage.caller, ORDER, lookups(db.session.connection())), known)
    return answer.model_dump_json(exclude_unset=True, by_alias=True, context={"zone": UTC})


def _apart(call: Callable[[], object], number: int) -> Callable[[], list[float]]:
    """A side whose calls share no app context with the bench or with one another."""
    return lambda: [contextvars.Context().run(timed, call) for _ in range(number)]


def _static(page: bytes) -> Flask:
    app = Flask("static_page")
    app.add_url_rule("/", "page", lambda: Response(page, mimetype="text/html"))
    return app


def _must_be_fine(answer: Any, as_expected: bool) -> None:
    if answer.status_code != 200 or not as_expected:
        raise RuntimeError(f"answered {answer.status}: {answer.text[:300]}")


def _offer_a_long_form(stage: Stage) -> None:
    """Sync the stage's catalog once more, with an item that asks two hundred questions. JSON is YAML."""
    fields = [{"name": f"answer_{at}", "help_text": f"Question {at} of many", **KINDS[at % len(KINDS)]} for at in range(FIELDS)]
    manual = {"system": "internal", "template": {"title": "By hand", "instructions": "With care"}}
    document = {
        "name": "A long form",
        "version": "1.0.0",
        "description": "Two hundred questions",
        "owner": "platform-data-team",
        "tags": ["bench"],
        "presentation": {"fields": fields},
        "fulfillment": {"manual": manual},
    }
    (stage.home / "catalog" / "bench" / f"{LONG}.yaml").write_text(json.dumps(document, indent=2))
    catalog = load(stage.home / "catalog")
    if catalog.faults:
        raise ValueError("\n".join(str(fault) for fault in catalog.faults))
    with stage.app.app_context(), transaction():
        sync(db.session, catalog, source="bench", commit=None)
