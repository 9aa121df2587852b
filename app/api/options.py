"""What can be picked for a field whose choices are not in its document: from another system, teams, members."""

from flask import Blueprint

from app.api.endpoint import endpoint
from app.api.shapes import options as shapes
from app.identity import current_person
from app.identity.guard import api_caller
from app.lifecycle.orders.looking_up import offered_by
from app.reader import reader

blueprint = Blueprint("options", __name__, url_prefix="/catalog")
TAG = "catalog"


@blueprint.get("/items/<name>/options/<field>")
@api_caller
@endpoint(TAG, shapes.OptionsAnswer, query=shapes.OptionsQuery)
def get_item_options(name: str, field: str, query: shapes.OptionsQuery) -> shapes.OptionsAnswer:
    """What can be picked for a field of an item, also where the item is part of a bundle."""
    return _answer("item", name, field, query)


@blueprint.get("/bundles/<name>/options/<field>")
@api_caller
@endpoint(TAG, shapes.OptionsAnswer, query=shapes.OptionsQuery)
def get_bundle_options(name: str, field: str, query: shapes.OptionsQuery) -> shapes.OptionsAnswer:
    """What can be picked for a field of the bundle itself."""
    return _answer("bundle", name, field, query)


def _answer(kind: str, name: str, field: str, query: shapes.OptionsQuery) -> shapes.OptionsAnswer:
    entry = {f"catalog_{kind}": name} | ({"version": query.version} if query.version else {})
    offered = offered_by(reader(), current_person(), entry, field, query.answers, query.team)
    return shapes.OptionsAnswer.of(field, offered, query)
