"""The parts of an order's form: the bundle's own questions, then those of each item; what is asked, and what is settled."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.catalog.offers import Offer, OfferItem
from app.core.expressions import references
from app.core.fields import Field
from app.core.plan import spoken

OWN = "bundle"
"""Prefix of the bundle's own questions. Aliases live under `items.`, so that one called `bundle` is another."""
ALONE = "item"
"""Prefix of the questions of an item that is ordered by itself."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A value that nobody is asked for. template: it is worked out from the bundle's answers; source: from which ones."""

    field: Field
    value: Any
    note: str
    template: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the form.

    prefix: what the names of its fields begin with. path: where its answers lie in the order. asked: the fields to fill in;
    settled: what is shown only; fields: all of the form and the inputs, as the rules take them. groups: name -> its
    document's words.
    """

    prefix: str
    path: tuple[str, ...]
    title: str
    owner: str
    fields: Sequence[Field]
    asked: Sequence[Field]
    settled: Sequence[Settled]
    groups: Sequence[Mapping[str, Any]] = ()
    item: OfferItem | None = None

    @property
    def anchor(self) -> str:
        """The id of its heading. Begins as no field's id does."""
        return f"part-{self.item.alias}" if self.item else "own"

    @property
    def switch(self) -> str:
        """What its switch posts, empty for what is always part of the order. No field's name begins so."""
        return f"include.{self.item.alias}" if self.item and not self.item.required else ""

    def condition_of(self, field: Field) -> str | None:
        """When the field's group is there, where it is not always."""
        return next((one.get("visible_when") for one in self.groups if one["name"] == field.group), None)

    def may_hide(self, field: Field) -> bool:
        """Whether the field is asked only sometimes."""
        return bool(field.visible_when or field.conditional or self.condition_of(field))

    def name_of(self, field: Field) -> str:
        """What the control of `field` posts: no two of an order are the same."""
        return f"{self.prefix}.{field.name}"


def sections_of(offer: Offer) -> list[Section]:
    """The sections of an order of `offer`, in the order of its items."""
    if offer.kind == "item":
        item = offer.items[0]
        return [_section(ALONE, ("parameters",), "This order", offer.owner, offer.definition, item=item)]
    own = _section(OWN, ("bundle_parameters",), "This solution", offer.owner, offer.definition)
    keys = keys_of(offer)
    return [
        own,
        *(
            _section(
                f"items.{item.alias}",
                ("item_parameters", keys[item.alias]),
                item.title,
                item.owner,
                item.definition,
                item=item,
                bundle=own.fields,
            )
            for item in offer.items
        ),
    ]


def keys_of(offer: Offer) -> dict[str, str]:
    """By alias, the key under which an order holds an item: its name, or the alias where it is in the bundle twice."""
    counts = Counter(item.catalog_item for item in offer.items)
    return {item.alias: item.catalog_item if counts[item.catalog_item] == 1 else item.alias for item in offer.items}


def _section(
    prefix: str,
    path: tuple[str, ...],
    title: str,
    owner: str,
    definition: Mapping[str, Any],
    *,
    item: OfferItem | None = None,
    bundle: Sequence[Field] = (),
) -> Section:
    presentation = definition.get("presentation") or {}
    form = [Field.model_validate(one) for one in presentation.get("bundle_fields" if prefix == OWN else "fields") or ()]
    inputs = [Field.model_validate({**spec, "name": name}) for name, spec in (definition.get("inputs") or {}).items()]
    values = item.fixed if item else {}
    fixed = [_fixed(one, values[one.name], bundle) for one in [*form, *inputs] if one.name in values and not one.hidden]
    left = [one for one in form if one.name not in values and not one.hidden]
    readonly = [Settled(one, one.default, "cannot be changed") for one in left if one.readonly]
    return Section(
        prefix=prefix,
        path=path,
        title=title,
        owner=owner,
        fields=[*form, *inputs],
        asked=[one for one in left if not one.readonly],
        settled=[*readonly, *fixed],
        groups=presentation.get("groups") or (),
        item=item,
    )


def _fixed(field: Field, value: Any, bundle: Sequence[Field]) -> Settled:
    found = [reference.path[0] for reference in references(value) if reference.root == "bundle" and reference.path]
    labels = {one.name: one.label for one in bundle}
    source = ", ".join(labels.get(name, spoken(name)) for name in dict.fromkeys(found))
    return Settled(field, value, "set by this bundle", template=bool(references(value)), source=source)
