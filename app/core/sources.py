"""Where each value of an order came from: sent, a default, set by the bundle, or not asked. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from app.core.expressions import references
from app.core.fields import Field

Origin = Literal["answer", "default", "fixed", "readonly", "input", "generated", "not_asked", "none"]
"""`answer`: it was sent. `default`: the field's own. `fixed`: the bundle sets it. `readonly`: the document says so.
`input`: the default of a value that only bundles set. `generated`: the server makes it. `not_asked`: the other answers do not
raise the question; what was sent is dropped. `none`: there is no value."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where one value came from. read: what a fixed value is worked out from, as dotted names: `bundle.enable_ha`."""

    origin: Origin
    read: tuple[str, ...] = ()


def sources(
    fields: Sequence[Field],
    inputs: Sequence[Field],
    sent: Mapping[str, Any],
    values: Mapping[str, Any],
    fixed: Mapping[str, Any],
    hidden: Collection[str] = (),
) -> dict[str, Source]:
    """Where the value of each field and each input came from, by name.

    sent: the answers as they came. values: what would be stored, None for what has no value. fixed: what the bundle sets, as it
    is written, so maybe templates. hidden: what is not asked.
    """
    asked = {one.name: Source("not_asked") if one.name in hidden else _of_field(one, sent, values, fixed) for one in fields}
    return asked | {one.name: _of_input(one, values, fixed) for one in inputs}


def _of_field(field: Field, sent: Mapping[str, Any], values: Mapping[str, Any], fixed: Mapping[str, Any]) -> Source:
    if field.name in fixed:
        return _fixed(fixed[field.name])
    if field.readonly:
        return Source("readonly")
    was_sent = sent.get(field.name) is not None
    if values.get(field.name) is None:
        return Source("generated" if field.generate is not None and not was_sent else "none")
    return Source("answer" if was_sent else "default")


def _of_input(field: Field, values: Mapping[str, Any], fixed: Mapping[str, Any]) -> Source:
    if field.name in fixed:
        return _fixed(fixed[field.name])
    return Source("none" if values.get(field.name) is None else "input")


def _fixed(written: Any) -> Source:
    read = [".".join((one.root, *map(str, one.path))) for one in references(written)]
    return Source("fixed", tuple(dict.fromkeys(read)))
