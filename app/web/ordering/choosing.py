"""Searching long lists of choices while somebody fills in a form: the script's question, and what was found."""

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from app.catalog.options import Offered
from app.lifecycle.orders.looking_up import lookups
from app.limits import TooManyCalls, count
from app.reader import reader
from app.web.filters import number
from app.web.forms.offering import note_of
from app.web.forms.order import OrderForm
from app.web.forms.views import capital

DO = "choices"
MOST_SHOWN = 50
LONGEST = 200


def found(form: OrderForm) -> ResponseReturnValue:
    """What fits `q` among the choices of the field that posts `of`, given the other answers: `{choices, said}`.

    A person may ask as often as the API lets them read. Fields without such a list answer with none.
    """
    try:
        count("choices")
    except TooManyCalls as error:
        said = "You search faster than this can answer. Wait a moment, then type on."
        return jsonify(choices=[], said=said), error.status, {"Retry-After": str(error.retry_after)}
    form.look_up(lookups(reader()))
    offered, labels = form.offered_at(request.form.get("of", ""))
    if offered is None:
        return jsonify(choices=[], said="There is nothing to choose here.")
    every = offered.matching(request.form.get("q", "")[:LONGEST], len(offered.choices))
    told = [[one.text, one.title] for one in every[:MOST_SHOWN]]
    return jsonify(choices=told, said=_said(len(every), offered, capital(note_of(offered, labels))))


def _said(fits: int, offered: Offered, note: str) -> str:
    """`12 of 3,204`, with what else there is to know."""
    words = f"{number(fits)} of {number(len(offered.choices))}" if offered.choices else ""
    more = f"the first {MOST_SHOWN} are shown: type more" if fits > MOST_SHOWN else ""
    return ", ".join(part for part in (words, more, note) if part) or "Nothing is offered."
