"""Look at an order from all sides without writing anything: what would be stored, and every fault, at once.

The order of the checks is the API's: identity, shape, entry and version, then every parameter at once. The review page, the
answer of `POST /requests/validate` and a submit come from the same value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field, ValidationError
from sqlalchemy import Connection, Row

from app.catalog import offers
from app.catalog.prices import price_of, takings
from app.core.access import refuses_order, whom_to_ask
from app.core.approvals import NeededApproval
from app.core.cost import Price
from app.core.order import Resolved, resolve, resolve_item
from app.core.plan import ChosenItem, PlannedStep, plan
from app.core.quota import QuotaLine
from app.core.shapes import Shape, shape_faults
from app.errors import Fault
from app.lifecycle import quotas, secrets
from app.lifecycle.caller import Caller
from app.lifecycle.orders.attachments import attached, faults_of
from app.lifecycle.orders.looking_up import Lookups, lookups
from app.lifecycle.orders.ruling import approvals_of

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[!-~]+$")]
"""What an entry or a version may be called: anything else is not even looked for."""


class Requester(Shape):
    """Who orders, if the client says so: it must agree with who calls."""

    user_id: str | None = None
    team: str | None = None
    email: str | None = None


class BundleOrder(Shape):
    """The order of a bundle, as the story posts it."""

    catalog_bundle: Name
    version: Name | None = None
    bundle_parameters: dict[str, Any] = {}
    item_parameters: dict[str, Any] = {}
    requester: Requester | None = None


class ItemOrder(Shape):
    """The order of one item alone."""

    catalog_item: Name
    version: Name | None = None
    parameters: dict[str, Any] = {}
    requester: Requester | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """An order that was looked at from all sides: what would be written, and every fault. Writable when there is none."""

    offer: offers.Offer | None
    resolved: Resolved | None
    steps: Sequence[PlannedStep]
    team: str | None
    faults: Sequence[Fault]
    approvals: Sequence[NeededApproval] = ()
    """Who must agree before it is built; known once there is no fault."""
    secret: secrets.Parts = field(default_factory=dict, repr=False)
    """What the masks in `resolved` stand for."""
    uploads: Sequence[str] = ()
    """The ids of the files among the answers."""
    price: Price | None = None
    """What it costs; None where nothing of it has a price, and while an answer is wrong."""
    takes: Mapping[str, int | float] = field(default_factory=dict)
    """What it takes of quotas and limits, by resource."""
    quotas: Sequence[QuotaLine] = ()
    """The quotas and limits that it touches, before and after."""


def prepare(
    connection: Connection,
    caller: Caller,
    order: Mapping[str, Any],
    outside: Lookups | None = None,
    instead_of: Row[Any] | None = None,
) -> Prepared:
    """Look at an order without writing anything: faults of shape, identity, entry and parameters, all at once.

    order: the JSON object as it was sent. outside: what answers are held against besides their documents; whoever looks at
    the same things before or after passes it, so that each is asked for once. instead_of: the row of the request whose order
    it is to replace; what that takes of quotas, and its unique answers, are its own.
    """
    own, held = (instead_of.id, instead_of.quota_takes) if instead_of is not None else (None, None)
    shape = ItemOrder if "catalog_item" in order and "catalog_bundle" not in order else BundleOrder
    faults = _shape(shape, order)
    team, identity = _identity(caller, order.get("requester"))
    named = not {("catalog_item",), ("catalog_bundle",), ("version",)}.intersection(fault.path for fault in faults)
    offer, unknown = offers.find(connection, order) if named else (None, [])
    faults += [*identity, *unknown]
    if offer is None:
        return Prepared(None, None, (), team, _first_of_each_place(faults))
    faults += _access(caller, offer, team)
    resolved = _resolve(offer, secrets.with_generated(offer, order))
    files = attached(offer, order, resolved)
    faults += [*resolved.faults, *faults_of(connection, caller, files)]
    faults += (outside or lookups(connection, own)).faults(caller.person, offer, resolved, team)
    told, secret = secrets.told_apart(offer, resolved)
    if faults:
        return Prepared(offer, told, (), team, _first_of_each_place(faults), secret=secret)
    requester = {"user_id": caller.person.user_id, "team": team, "email": caller.person.email}
    price = price_of(offer, resolved)
    asked = quotas.look(connection, quotas.Holder(str(team), caller.person.id), takings(offer, resolved), price, held)
    approvals = approvals_of(offer, resolved, price.monthly_number if price else None, requester)
    steps = () if asked.faults else _planned(offer, resolved)
    return Prepared(
        offer,
        told,
        steps,
        team,
        asked.faults,
        approvals,
        secret=secret,
        uploads=[one.upload_id for one in files],
        price=price,
        takes=asked.amounts,
        quotas=asked.lines,
    )


def _shape(shape: type[Shape], order: Mapping[str, Any]) -> list[Fault]:
    try:
        shape.model_validate(dict(order))
    except ValidationError as error:
        return shape_faults(shape, error, order)
    return []


def _identity(caller: Caller, said: Any) -> tuple[str | None, list[Fault]]:
    """The team that orders, and what of `requester` does not agree with who calls."""
    said = said if isinstance(said, Mapping) else {}
    person, faults = caller.person, []
    for key, own in (("user_id", person.user_id), ("email", person.email)):
        if said.get(key) is not None and said[key] != own:
            message = f"is not yours: you are {own}"
            faults.append(Fault(("requester", key), "not_your_identity", message))
    team = said.get("team")
    if isinstance(team, str):
        if team not in person.teams:
            faults.append(Fault(("requester", "team"), "not_your_team", "is not one of your teams"))
        return team, faults
    if team is not None:
        return None, faults  # The shape says what is wrong with it.
    if len(person.teams) == 1:
        return next(iter(person.teams)), faults
    message = "must name one of your teams" if person.teams else "you are in no team; somebody must add you to one first"
    faults.append(Fault(("requester", "team"), "team_required", message, {"oneof": sorted(person.teams)}))
    return None, faults


def _access(caller: Caller, offer: offers.Offer, team: str | None) -> list[Fault]:
    """That the caller may not order it for `team`. Of a bundle its own rule counts, not those of its items."""
    why = refuses_order(caller.person, offer.access, team)
    return [Fault((f"catalog_{offer.kind}",), "not_allowed", f"is {why}; {whom_to_ask(offer.owner)}")] if why else []


def _first_of_each_place(faults: Sequence[Fault]) -> list[Fault]:
    """Faults in order without repeats: two layers may see the same one."""
    return list({(fault.path, fault.code): fault for fault in faults}.values())


def _resolve(offer: offers.Offer, order: Mapping[str, Any]) -> Resolved:
    def mapping(key: str) -> Mapping[str, Any]:
        value = order.get(key)
        return value if isinstance(value, Mapping) else {}

    if offer.kind == "item":
        return resolve_item(offer.definition, mapping("parameters"), alias=offer.items[0].alias)
    return resolve(
        offer.definition, [item.order_item() for item in offer.items], mapping("bundle_parameters"), mapping("item_parameters")
    )


def _planned(offer: offers.Offer, resolved: Resolved) -> list[PlannedStep]:
    chosen = [
        ChosenItem(
            alias=item.alias,
            catalog_item=item.catalog_item,
            version=item.version,
            title=item.title,
            owner=item.owner,
            selected=resolved.selected[item.alias],
            values=resolved.item_values.get(item.alias, {}),
            definition=item.definition,
            depends_on=item.depends_on,
            modules=item.modules,
        )
        for item in offer.items
    ]
    if offer.kind == "item":
        return plan(chosen)
    return plan(chosen, offer.definition, offer.owner, resolved.bundle_values, offer.modules)
