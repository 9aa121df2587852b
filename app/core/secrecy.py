"""Which answers of an order are secret: those of type `secret`, those marked `sensitive`, and both inside lists and objects.

Works on definitions as documents write them, so that an order can be told from its secrets before anything judged it.
Drafts, templates, links and stored rows of a batch take an order `without_secrets`; whatever shows one takes it `masked`.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

from app.core.expressions import references
from app.core.within import inner_of

MASK: Final = "********"
"""What stands for a secret wherever it may not be read. Sent back by a client, it means: keep the value you have."""

Definition = Mapping[str, Any]
Answers = Mapping[str, Any]
Names = Collection[tuple[str, ...]]
_GONE = object()
"""In the place of a secret that is taken out."""


class OrderedItem(Protocol):
    """One item of an offer."""

    @property
    def alias(self) -> str:
        """Its name in the bundle."""
        ...

    @property
    def catalog_item(self) -> str:
        """Its name in the catalog."""
        ...

    @property
    def definition(self) -> Definition:
        """Its document."""
        ...

    @property
    def fixed(self) -> Mapping[str, Any]:
        """The bundle's `parameters` for it, maybe templates over `bundle.*`."""
        ...


class Ordered(Protocol):
    """What can be ordered: `app.catalog.offers.Offer`, or anything with its documents."""

    @property
    def kind(self) -> str:
        """`item` or `bundle`."""
        ...

    @property
    def definition(self) -> Definition:
        """The entry's document."""
        ...

    @property
    def items(self) -> Sequence[OrderedItem]:
        """The items of a bundle; an item alone is its own only one."""
        ...


def is_secret(field: Definition) -> bool:
    """Whether the whole answer to a field is secret."""
    return bool(field.get("type") == "secret" or field.get("sensitive"))


def holds_secret(field: Definition) -> bool:
    """Whether an answer to a field is secret or has something secret inside."""
    return is_secret(field) or any(map(holds_secret, inner_of(field)))


def fields_of(definition: Definition) -> list[Definition]:
    """All questions of a document: its form's fields, a bundle's, and the inputs that only bundles fix."""
    presentation = definition.get("presentation") or {}
    inputs = [{**(spec or {}), "name": name} for name, spec in (definition.get("inputs") or {}).items()]
    return [*(presentation.get("fields") or ()), *(presentation.get("bundle_fields") or ()), *inputs]


def secret_fields(definition: Definition) -> dict[str, Definition]:
    """The fields of a document whose answers are secret or hold something secret, by name."""
    return {field["name"]: field for field in fields_of(definition) if holds_secret(field)}


def masked_value(field: Definition, value: Any) -> Any:
    """One answer with MASK in the place of everything secret; no answer stays none."""
    return _changed(field, value, lambda _: MASK)


def secret_values(field: Definition, value: Any) -> Iterator[Any]:
    """Every secret part of one answer."""
    found: list[Any] = []

    def noted(part: Any) -> Any:
        found.append(part)
        return MASK

    _changed(field, value, noted)
    return iter(found)


def masked_answers(fields: Mapping[str, Definition], answers: Answers) -> dict[str, Any]:
    """Answers by name with MASK in the place of everything secret. fields: see `secret_fields`."""
    return {name: masked_value(fields[name], value) if name in fields else value for name, value in answers.items()}


def without_secrets(offer: Ordered, order: Mapping[str, Any]) -> dict[str, Any]:
    """A deep copy of a posted order without the secret answers. Never raises, whatever was posted."""
    return _order(offer, order, lambda _: _GONE)


def masked(offer: Ordered, order: Mapping[str, Any]) -> dict[str, Any]:
    """A deep copy of a posted order with MASK in the place of every secret answer. Never raises, whatever was posted."""
    return _order(offer, order, lambda _: MASK)


def restored(offer: Ordered, order: Mapping[str, Any], stored: Mapping[str, Answers]) -> dict[str, Any]:
    """A copy of a posted order with what is stored in the place of every mask. Never raises, whatever was posted.

    stored: by `bundle` and by alias, the whole answers of fields that hold secrets.
    """

    places = secret_places(offer)

    def put(holder: dict[str, Any], key: str, part: str) -> None:
        if isinstance(answers := holder.get(key), Mapping):
            fields, known = places[part], stored.get(part, {})
            holder[key] = {
                name: restored_value(fields[name], value, known.get(name)) if name in fields else value
                for name, value in answers.items()
            }

    made: dict[str, Any] = _copied(order)
    if offer.kind == "item":
        put(made, "parameters", offer.items[0].alias)
        return made
    put(made, "bundle_parameters", "bundle")
    if isinstance(sent := made.get("item_parameters"), dict):
        for item in offer.items:
            put(sent, item.alias if item.alias in sent else item.catalog_item, item.alias)
    return made


def restored_value(field: Definition, value: Any, stored: Any, *, moved: bool = True) -> Any:
    """One answer with what is stored in the place of its masks: by their names in objects, by their rows in lists.

    moved: rows may have come, gone or changed places since they were read; a row is then known by what is open in it. A mask
    of which nobody can say which row it was stays. Without it each row is what its place says.
    """
    if stored is None:
        return value
    if is_secret(field):
        return stored if value == MASK else value
    inside = {one.get("name", ""): one for one in inner_of(field)}
    if field.get("type") == "object" and isinstance(value, Mapping) and isinstance(stored, Mapping):
        return {
            name: restored_value(inside[name], one, stored.get(name), moved=moved) if name in inside else one
            for name, one in value.items()
        }
    if field.get("type") == "list" and isinstance(value, list) and isinstance(stored, list):
        of = next(iter(inside.values()), {})
        rows = _same_rows(of, value, stored) if moved else [*stored, *[None] * len(value)]
        return [restored_value(of, one, row, moved=moved) for one, row in zip(value, rows, strict=False)]
    return value


def _same_rows(of: Definition, sent: Sequence[Any], stored: Sequence[Any]) -> list[Any]:
    """For each row that was sent the one that is stored, None where nobody can tell.

    As many rows as before: a row that looks the same at its place is the same one. Of the others those that look alike are the
    same in their order, if there are as many; and what is left at its place was changed there.
    """
    looks, known = [_look(of, one) for one in sent], [_look(of, one) for one in stored]
    found: dict[int, int] = {}
    still = len(sent) == len(stored)
    if still:
        found = {at: at for at, look in enumerate(looks) if look == known[at]}
    asking = [at for at, one in enumerate(sent) if at not in found and _holds_mask(one)]
    left = [at for at in range(len(stored)) if at not in found.values()]
    for at in asking:
        mine = [one for one in asking if looks[one] == looks[at]]
        theirs = [one for one in left if known[one] == looks[at]]
        if len(mine) == len(theirs):
            found[at] = theirs[mine.index(at)]
        elif still and not theirs and at in left:
            found[at] = at
    return [stored[found[at]] if at in found else None for at in range(len(sent))]


def _look(of: Definition, row: Any) -> Any:
    """What of a row is open: without what was not answered, and with the defaults of that."""
    shown = masked_value(of, row)
    if not isinstance(shown, Mapping):
        return shown
    usual = {one["name"]: one["default"] for one in inner_of(of) if one.get("default") is not None}
    return {**usual, **{name: one for name, one in shown.items() if one is not None}}


def _holds_mask(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_holds_mask, value.values()))
    return any(map(_holds_mask, value)) if isinstance(value, list) else bool(value == MASK)


def secret_places(offer: Ordered) -> dict[str, dict[str, Definition]]:
    """The secret fields of each part of an offer, by `bundle` and by alias; of an item alone by its alias.

    What a bundle fixes with a secret answer of its own is secret, whatever the item says of it.
    """
    if offer.kind == "item":
        return {item.alias: secret_fields(item.definition) for item in offer.items}
    own = secret_fields(offer.definition)
    sources: Names = {("bundle", name) for name in own}
    return {"bundle": own} | {item.alias: _handed(item.fixed, sources) | secret_fields(item.definition) for item in offer.items}


def touches(template: Any, names: Names) -> bool:
    """Whether a template reads what one of these names stands for, part of it, or a whole that it is part of.

    names: from a root on, such as `("bundle", "password")`.
    """
    if not names:
        return False
    read = [(reference.root, *reference.path) for reference in references(template)]
    return any(a == b[: len(a)] or b == a[: len(b)] for a in read for b in names)


def _handed(fixed: Mapping[str, Any], sources: Names) -> dict[str, Definition]:
    return {name: {"name": name, "sensitive": True} for name, template in fixed.items() if touches(template, sources)}


def _order(offer: Ordered, order: Mapping[str, Any], put: Callable[[Any], Any]) -> dict[str, Any]:
    own = [secret_fields(offer.definition)]

    def changed(key: str, value: Any) -> Any:
        if key in ("parameters", "bundle_parameters"):
            return _answers(own, value, put)
        if key == "item_parameters" and isinstance(value, Mapping):
            return {name: _answers(_of_item(offer, name), sent, put) for name, sent in value.items()}
        return _copied(value)

    return {key: changed(key, value) for key, value in order.items()}


def _of_item(offer: Ordered, name: str) -> list[Mapping[str, Definition]]:
    """The secret fields of every item that a key may mean: what is secret in one of them is kept from all."""
    return [secret_fields(item.definition) for item in offer.items if name in (item.alias, item.catalog_item)]


def _answers(parts: Sequence[Mapping[str, Definition]], sent: Any, put: Callable[[Any], Any]) -> Any:
    if not isinstance(sent, Mapping):
        return _copied(sent)
    made = {}
    for name, value in sent.items():
        definition = next((fields[name] for fields in parts if name in fields), None)
        part = _copied(value) if definition is None else _changed(definition, value, put)
        if part is not _GONE:
            made[name] = part
    return made


def _changed(field: Definition, value: Any, put: Callable[[Any], Any]) -> Any:
    """A copy of an answer with `put` of every secret part. Where secrets are expected inside and the answer has another
    form, all of it counts as one: nobody knows what was meant."""
    if value is None:
        return None
    if is_secret(field):
        return put(value)
    inside = [one for one in inner_of(field) if holds_secret(one)]
    if not inside:
        return _copied(value)
    if field.get("type") == "list" and isinstance(value, Sequence) and not isinstance(value, str):
        parts = [_changed(inside[0], one, put) for one in value]
        return [one for one in parts if one is not _GONE]
    if field.get("type") == "object" and isinstance(value, Mapping):
        return _answers([{one.get("name", ""): one for one in inside}], value, put)
    return put(value)


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copied(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_copied(one) for one in value]
    return value
